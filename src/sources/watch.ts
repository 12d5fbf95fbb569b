import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FSWatcher } from 'chokidar';
import type { Clock, Log, Timer } from '../model/ports.ts';

export interface WatchOptions {
  clock: Clock;
  /** Called once per burst of changes, when it is over. */
  onChange(): void;
  log: Log;
  /** A burst is over when nothing changed for this long. */
  quietMs?: number;
  /** Or when it has lasted this long: something that is always being written must not hide the rest. */
  longestMs?: number;
  /** How often to look without being told, for file systems that tell nothing. */
  pollMs?: number;
}

export interface Watching {
  /** These files and folders from now on, instead of those before. */
  watch(paths: readonly string[]): void;
  close(): Promise<void>;
}

/**
 * Watches the folders of files, not the files: editors put new ones in their place, and Kubernetes swaps a link beside
 * them. A slow poll catches what no event tells.
 */
export function watchFiles({ clock, onChange, log, quietMs = 150, longestMs = 2000, pollMs = 5000 }: WatchOptions): Watching {
  let paths: readonly string[] = [];
  let folders = new Set<string>();
  let watcher: FSWatcher | null = null;
  let closed = false;
  let quiet: Timer | null = null;
  let began: number | null = null;
  let seen = '';
  let poll: Timer | null = null;

  const settle = async (): Promise<void> => {
    quiet = null;
    began = null;
    const now = await stampsOf(paths);
    if (closed || now === seen) return;
    seen = now;
    onChange();
  };
  const touched = (): void => {
    if (closed) return;
    began ??= clock.now();
    quiet?.cancel();
    const left = began + longestMs - clock.now();
    quiet = clock.after(Math.max(0, Math.min(quietMs, left)), () => void settle());
  };
  const look = async (): Promise<void> => {
    if (quiet === null && (await stampsOf(paths)) !== seen) touched();
    if (!closed) poll = clock.after(pollMs, () => void look());
  };
  const follow = async (): Promise<void> => {
    const { watch } = await import('chokidar');
    if (closed) return;
    if (watcher === null) {
      watcher = watch([], { followSymlinks: false, depth: 0, ignoreInitial: true });
      watcher.on('all', touched).on('error', (error) => log.warn({ err: error }, 'a folder cannot be watched; it is polled'));
    }
    const wanted = new Set(paths.map((path) => dirname(path)));
    watcher.unwatch([...folders].filter((folder) => !wanted.has(folder)));
    watcher.add([...wanted].filter((folder) => !folders.has(folder)));
    folders = wanted;
  };
  poll = clock.after(pollMs, () => void look());

  return {
    watch(next) {
      if (next.length === paths.length && next.every((path, index) => path === paths[index])) return;
      paths = [...next];
      void stampsOf(paths).then((now) => {
        seen = now;
      });
      void follow();
    },
    async close() {
      closed = true;
      quiet?.cancel();
      poll?.cancel();
      await watcher?.close();
    },
  };
}

/** What the paths are now, as one text to compare. A folder's own time tells of files that came and went in it. */
async function stampsOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map((path) =>
      stat(path, { bigint: true }).then(
        ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
        () => 'none',
      ),
    ),
  );
  return stamps.join('\n');
}
