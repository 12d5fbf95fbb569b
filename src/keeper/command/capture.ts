import { setImmediate } from 'node:timers/promises';
import type { LogSpec } from '../../model/fields/log.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { MaskInParts } from '../logs/records.ts';
import type { LogSettings, LogWriter, OutputStream } from '../logs/writer.ts';
import { createTail } from '../tail.ts';
import { shapeOf } from './shape-of.ts';
import { createToDaemon } from './to-daemon.ts';
import { createTransform, type Transformed } from './transform.ts';

export interface CapturePorts {
  readonly logs: { open(name: string, settings: LogSettings): LogWriter };
  readonly clock: Clock;
  /** The daemon's own, for `sink: daemon`. */
  readonly log: Log;
  /** Takes secrets out of text that is shown. */
  mask(text: string): string;
  /** Takes them out of lines that are shown in parts. */
  readonly inParts?: MaskInParts;
  /** Gets each line after the rules of `log.transform`. */
  rewrite?(line: string): string;
}

/** What was captured of a program, as one daemon hands it over to the next. */
export interface CaptureHeritage {
  readonly bytes: number;
  readonly dropped: number;
  readonly activeAt: number;
  readonly lines: readonly string[];
}

/** The output of one program: to its log, and what is told of it. */
export interface Capture {
  /** A promise means: read no more until it resolves. */
  take(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  /** When there last was any, or when it began; ms since the epoch. */
  activeAt(): number;
  /** All that the program wrote, and, where it is so, how much of it is missing although it was to be kept. */
  stats(): { readonly outputBytes: number; readonly outputDropped?: number };
  clear(): void;
  /** For `createCapture` of the next daemon. */
  heritage(): CaptureHeritage;
  /** The last lines, at most 20. */
  lines(): string[];
  update(settings: LogSpec): void;
  rename(name: string): void;
  close(): Promise<void>;
}

/**
 * Rules are applied before anything else sees a line: what they take out gets nowhere. What is not wanted is read all the same and
 * thrown away, so that the program never waits and the settings can change while it runs.
 */
export function createCapture(
  initialName: string,
  initial: LogSpec,
  argv: readonly string[],
  ports: CapturePorts,
  inherited?: CaptureHeritage,
): Capture {
  const { logs, clock, mask } = ports;
  const transform = createTransform(initial.transform, clock, ports.rewrite);
  const telling = { mask, transform: transform.text };
  let name = initialName;
  let settings = initial;
  let shape = shapeOf(settings, argv, telling);
  const file = logs.open(name, fileSettings());
  const tail = createTail(clock);
  const daemon = createToDaemon(
    () => name,
    () => shape,
    ports,
  );
  let activeAt = inherited?.activeAt ?? clock.now();
  let bytes = inherited?.bytes ?? 0;
  let clearedDrops = -(inherited?.dropped ?? 0);
  for (const line of inherited?.lines ?? []) tail.push('stdout', Buffer.from(`${line}\n`));

  return {
    take(from, chunk) {
      activeAt = clock.now();
      bytes += chunk.length;
      const stream = settings.mergeStderr ? 'stdout' : from;
      if (isWanted(stream)) return handOn(stream, transform.push(stream, chunk));
    },
    activeAt: () => activeAt,
    stats() {
      const dropped = file.dropped() - clearedDrops;
      return { outputBytes: bytes, ...(dropped > 0 ? { outputDropped: dropped } : {}) };
    },
    heritage: () => ({ bytes, dropped: file.dropped() - clearedDrops, activeAt, lines: tail.lines() }),
    clear() {
      bytes = 0;
      clearedDrops = file.dropped();
    },
    lines: () => tail.lines(),
    update(next) {
      settings = next;
      transform.update(settings.transform);
      shape = shapeOf(settings, argv, telling);
      file.update(fileSettings());
    },
    rename(next) {
      name = next;
      file.rename(next);
    },
    async close() {
      for (const stream of ['stdout', 'stderr'] as const) await handOn(stream, transform.flush(stream));
      daemon.close();
      await file.close();
    },
  };

  function isWanted(stream: OutputStream): boolean {
    return settings.capture === 'both' || settings.capture === stream;
  }

  function handOn(stream: OutputStream, { bytes: made, withheld }: Transformed): void | Promise<void> {
    if (withheld > 0) file.missing(withheld, 'withheld');
    if (made.length === 0) return;
    tail.push(stream, made);
    if (settings.sink === 'file') return file.write(stream, made);
    if (settings.sink === 'none') return;
    daemon.take(stream, made);
    // A flood of records takes turns with everything else.
    return setImmediate();
  }

  function fileSettings(): LogSettings {
    const { maxSize, keep, overflow } = settings;
    return { maxSize, keep, overflow, shape };
  }
}
