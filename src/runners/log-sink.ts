/** Where output goes. Kept apart from the room that writes files: the two do not know each other. */
export interface LogSink {
  open(name: string, settings: LogSettings): ModuleLogFile;
}

export interface LogSettings {
  /** Bytes. */
  readonly maxSize: number;
  readonly keep: number;
}

interface ModuleLogFile {
  /** A promise asks the writer to wait. */
  write(stream: 'stdout' | 'stderr', chunk: Uint8Array): void | Promise<void>;
  rename(name: string): void;
  /** Resolves when all is written. */
  close(): void | Promise<void>;
}

/** Code modules have no `log:` of their own. */
export const codeLogSettings: LogSettings = { maxSize: 10 * 1024 ** 2, keep: 5 };
