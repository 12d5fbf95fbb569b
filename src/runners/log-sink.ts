import type { LogLevel } from '../model/log-level.ts';

/** Where output goes. Kept apart from the room that writes files: the two do not know each other. */
export interface LogSink {
  open(name: string, settings: LogSettings): ModuleLogFile;
}

export interface LogSettings {
  /** Bytes. */
  readonly maxSize: number;
  readonly keep: number;
  /** How lines are told when they are read: `named` knows the levels that `ctx.log` writes into the line. */
  readonly shape: {
    readonly level: LogLevel;
    readonly stderrLevel: LogLevel;
    readonly named: boolean;
    readonly prefix: string;
    readonly metadata: Readonly<Record<string, never>>;
  };
}

interface ModuleLogFile {
  /** A promise asks the writer to wait. */
  write(stream: 'stdout' | 'stderr', chunk: Uint8Array): void | Promise<void>;
  rename(name: string): void;
  /** Resolves when all is written. */
  close(): void | Promise<void>;
}

/** Code modules have no `log:` of their own. */
export const codeLogSettings: LogSettings = {
  maxSize: 10 * 1024 ** 2,
  keep: 5,
  shape: { level: 'info', stderrLevel: 'warn', named: true, prefix: '', metadata: {} },
};
