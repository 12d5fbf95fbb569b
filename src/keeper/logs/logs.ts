import { existsSync } from 'node:fs';
import type { LogRecord } from '../../model/documents.ts';
import type { Clock, Log } from '../../model/ports.ts';
import { followLogs } from './follow.ts';
import { createLogFile, type LogFile } from './log-file.ts';
import { logPath } from './paths.ts';
import { readLogs } from './read.ts';
import type { LogSettings, LogWriter } from './writer.ts';

/** The captured output of all modules: a folder with a log for each name. */
export interface Logs {
  /** Two writers of one name share its log. */
  open(name: string, settings: LogSettings): LogWriter;
  /** The last `lines` records, none older than `sinceMs`. */
  read(name: string, options: { lines?: number; sinceMs?: number }): Promise<LogRecord[]>;
  /** What comes from now on, until `signal`. */
  follow(name: string, signal: AbortSignal): AsyncIterable<LogRecord[]>;
  has(name: string): boolean;
  /** Resolves when all that was written so far is on its way to the disk. */
  close(): Promise<void>;
}

export interface LogsOptions {
  /** Made, readable for its owner only, when the first log is opened. */
  readonly dir: string;
  readonly clock: Clock;
  /** The daemon's own log, for what goes wrong with the others. */
  readonly log: Log;
}

interface Shared {
  readonly file: LogFile;
  writers: number;
}

export function createLogs({ dir, clock, log }: LogsOptions): Logs {
  const files = new Map<string, Shared>();

  return {
    open: createWriter,
    read: (name, options) => readLogs(dir, name, { ...options, now: clock.now() }),
    follow: (name, signal) => followLogs(dir, name, { signal, clock }),
    has: (name) => existsSync(logPath(dir, name)),
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
    const shared = files.get(name) ?? { file: createLogFile(dir, name, settings, { clock, log }), writers: 0 };
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
