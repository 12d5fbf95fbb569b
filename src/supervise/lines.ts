import { createRecordMaker } from '../keeper/logs/records.ts';
import { type LogShape, plainShape } from '../keeper/logs/shape.ts';
import type { LogSettings, LogWriter } from '../keeper/logs/writer.ts';
import type { LogRecord } from '../model/documents.ts';
import type { Clock } from '../model/ports.ts';

/** One line of output, or a part of one that is very long. */
export type OutputRecord = LogRecord;

export interface LinesOptions {
  readonly clock: Clock;
  /** Bytes that may wait for those who iterate. */
  readonly unread: number;
  readonly onOutput?: ((record: OutputRecord) => void) | undefined;
  /** Where output is kept besides. */
  readonly files: { open(name: string, settings: LogSettings): LogWriter } | null;
}

/** The output of a program as records, for whoever iterates over it. */
export interface Lines {
  /** What the command driver writes to. */
  open(name: string, settings: LogSettings): LogWriter;
  /** The first to iterate gets what waits already; each gets all from then on. Ends with the program. */
  iterate(): AsyncGenerator<OutputRecord, void, void>;
  /** Nothing comes any more. */
  end(): void;
}

interface Reader {
  readonly records: OutputRecord[];
  bytes: number;
  dropped: number;
  wake: (() => void) | null;
}

export function createLines({ clock, unread, onOutput, files }: LinesOptions): Lines {
  const readers = new Set<Reader>();
  /** Until somebody iterates: the oldest makes room, for nobody is to wait for one who never comes. */
  let early: Reader | null = newReader();
  let ended = false;
  let room: { readonly again: Promise<void>; release(): void } | null = null;

  return {
    open(name, initial) {
      const file = files?.open(name, initial) ?? null;
      let settings = initial;
      const maker = createRecordMaker(name, (): LogShape => settings.shape ?? plainShape);
      let dropped = 0;
      return {
        write(stream, chunk) {
          maker.push(stream, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), clock.now());
          const filed = file?.write(stream, chunk);
          const waits = handOut(maker.take(), settings.overflow === 'drop');
          if (filed !== undefined && waits !== undefined) return Promise.all([filed, waits]).then(() => {});
          return filed ?? waits;
        },
        missing(bytes, loss) {
          dropped += file === null ? bytes : 0;
          file?.missing(bytes, loss);
          maker.lost(loss, bytes, clock.now());
          void handOut(maker.take(), true);
        },
        rename: (next) => file?.rename(next),
        update(next) {
          settings = next;
          file?.update(next);
        },
        dropped: () => dropped + (file?.dropped() ?? 0),
        async close() {
          maker.flush(false);
          void handOut(maker.take(), false);
          await file?.close();
        },
      };
    },
    async *iterate() {
      const reader = early ?? newReader();
      const [oldest] = reader.records;
      if (reader === early && oldest !== undefined && reader.dropped > 0) reader.records.unshift(gapBefore(oldest, reader));
      early = null;
      readers.add(reader);
      try {
        for (;;) {
          for (let next = reader.records.shift(); next !== undefined; next = reader.records.shift()) {
            reader.bytes -= sizeOf(next);
            if (room !== null && !isFull()) room.release();
            yield next;
          }
          if (ended) return;
          await new Promise<void>((resolve) => {
            reader.wake = resolve;
          });
        }
      } finally {
        readers.delete(reader);
        room?.release();
      }
    },
    end() {
      ended = true;
      room?.release();
      for (const { wake } of readers) wake?.();
    },
  };

  function handOut(records: readonly OutputRecord[], dropping: boolean): Promise<void> | undefined {
    for (const record of records) {
      onOutput?.(record);
      if (early !== null) keepLast(early, record);
      for (const reader of readers) give(reader, record, dropping);
    }
    for (const { wake } of readers) wake?.();
    return dropping || !isFull() || ended ? undefined : roomAgain();
  }

  function keepLast(reader: Reader, record: OutputRecord): void {
    add(reader, record);
    while (reader.bytes > unread && reader.records.length > 1) {
      const oldest = reader.records.shift();
      if (oldest === undefined) return;
      reader.bytes -= sizeOf(oldest);
      reader.dropped += oldest.text.length;
    }
  }

  function give(reader: Reader, record: OutputRecord, dropping: boolean): void {
    if (dropping && reader.bytes > unread) {
      reader.dropped += record.text.length;
      return;
    }
    add(reader, record);
  }

  /** What is missing before it is told first. */
  function add(reader: Reader, record: OutputRecord): void {
    if (reader.dropped > 0 && reader !== early) reader.records.push(gapBefore(record, reader));
    reader.records.push(record);
    reader.bytes += sizeOf(record);
  }

  function isFull(): boolean {
    return [...readers].some(({ bytes }) => bytes > unread);
  }

  function roomAgain(): Promise<void> {
    if (room === null) {
      let release: () => void = () => {};
      const again = new Promise<void>((resolve) => {
        release = () => {
          room = null;
          resolve();
        };
      });
      room = { again, release: () => release() };
    }
    return room.again;
  }
}

function gapBefore({ name, at }: OutputRecord, reader: Reader): OutputRecord {
  const text = `${reader.dropped} bytes of output were dropped: they were not taken in time`;
  reader.dropped = 0;
  return { name, at, stream: 'muster', level: 'warn', text };
}

/** Records take room too, also those of gaps. */
function sizeOf({ text, stream }: OutputRecord): number {
  return stream === 'muster' ? 0 : text.length + 100;
}

function newReader(): Reader {
  return { records: [], bytes: 0, dropped: 0, wake: null };
}
