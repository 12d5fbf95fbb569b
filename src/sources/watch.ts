import type { Clock, Log } from '../model/ports.ts';

export interface WatchOptions {
  clock: Clock;
  onChange(): void;
  log: Log;
}

export interface FileWatcher {
  watch(paths: readonly string[]): void;
  close(): Promise<void>;
}

export function watchFiles(_options: WatchOptions): FileWatcher {
  return { watch() {}, async close() {} };
}
