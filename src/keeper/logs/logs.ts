import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Clock, Log } from '../../model/ports.ts';
import { createBlocks } from './blocks.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import { logPath } from './paths.ts';
import { type LogReader, openReader } from './reader.ts';
import type { MaskInParts } from './records.ts';
import { createTotal } from './total.ts';
import type { LogSettings, LogWriter } from './writer.ts';

/** The captured output of all modules: a folder with a log for each name. */
export interface Logs {
  /** Two writers of one name share its log. */
  open(name: string, settings: LogSettings): LogWriter;
  /** The last `lines` records, none older than `sinceMs`; with `follow` also what comes after them. To be closed. */
  reader(name: string, options: { lines?: number | undefined; sinceMs?: number | undefined; follow?: boolean }): Promise<LogReader>;
  has(name: string): boolean;
  /** Names that have a log, loaded or not. */
  names(): Promise<string[]>;
  /** Of which logs output is being dropped, for the disk does not take it. */
  troubles(): { name: string; error: string; dropped: number }[];
  /** Resolves when all that was written so far is on its way to the disk. */
  close(): Promise<void>;
}

export interface LogsOptions {
  /** Made, readable for its owner only, when the first log is opened. */
  readonly dir: string;
  readonly clock: Clock;
  /** The daemon's own log, for what goes wrong with the others. */
  readonly log: Log;
  /** Bytes that all logs may have together; 0 = no bound. */
  readonly most?: number;
  /** Takes secrets out of lines that are shown in parts. */
  readonly inParts?: MaskInParts;
}

interface Shared {
  readonly file: LogFile;
  writers: number;
}

export function createLogs({ dir, clock, log, most = 0, inParts }: LogsOptions): Logs {
  const files = new Map<string, Shared>();
  const blocks = createBlocks();
  const total = createTotal({ dir, most, clock, log });

  return {
    open: createWriter,
    reader: (name, { lines, sinceMs, follow = false }) =>
      openReader(dir, name, { clock, follow, lines, inParts, after: sinceMs === undefined ? undefined : clock.now() - sinceMs }),
    has: (name) => existsSync(logPath(dir, name)),
    async names() {
      const found = await readdir(dir).catch(() => []);
      return found.flatMap((file) => (file.endsWith('.log') ? [file.slice(0, -'.log'.length)] : [])).sort();
    },
    troubles: () =>
      [...files].flatMap(([name, { file }]) => {
        const error = file.trouble();
        return error === null ? [] : [{ name, error, dropped: file.dropped() }];
      }),
    async close() {
      await Promise.all([...files.values()].map(({ file }) => file.close()));
    },
  };

  function createWriter(initialName: string, initialSettings: LogSettings): LogWriter {
    let name = initialName;
    let settings = initialSettings;
    let shared = attach(name, settings);
    let closing: Promise<void> | null = null;
    let droppedBefore = 0;
    return {
      write(stream, chunk) {
        if (closing === null) return shared.file.write(stream, chunk);
      },
      missing(bytes, loss) {
        if (closing === null) shared.file.missing(bytes, loss);
      },
      rename(next) {
        if (closing !== null || next === name) return;
        if (shared.writers === 1 && !files.has(next)) {
          files.delete(name);
          files.set(next, shared);
          shared.file.rename(next);
        } else {
          // Somebody else writes to the old log or the new one: leave the files as they are.
          void detach(name, shared);
          droppedBefore += shared.file.dropped();
          shared = attach(next, settings);
        }
        name = next;
      },
      update(next) {
        settings = next;
        if (closing === null) shared.file.update(next);
      },
      dropped: () => droppedBefore + shared.file.dropped(),
      close() {
        closing ??= detach(name, shared);
        return closing;
      },
    };
  }

  function attach(name: string, settings: LogSettings): Shared {
    logPath(dir, name); // refuses a name that would leave the folder
    const shared = files.get(name) ?? {
      file: createLogFile(dir, name, settings, { clock, log, blocks, rotated: total.grown }),
      writers: 0,
    };
    shared.writers += 1;
    shared.file.update(settings);
    files.set(name, shared);
    return shared;
  }

  async function detach(name: string, shared: Shared): Promise<void> {
    shared.writers -= 1;
    // A new writer may come while the rest is written; the file opens again for it by itself.
    await shared.file.close();
    if (shared.writers === 0 && files.get(name) === shared) files.delete(name);
  }
}
