import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import type { FSWatcher } from 'chokidar';
import type { Log } from '../model/ports.ts';

export interface FoldersOptions {
  log: Log;
  onEvent(): void;
}

interface Watched {
  /** A folder that was removed and made again is another. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/** Watches the folders that paths lie in, or that they are; of what is not there yet the nearest folder that is. */
export function createFolders({ log, onEvent }: FoldersOptions) {
  /** By folder. One watcher each: a folder that was given up and is taken up again must start afresh. */
  const watched = new Map<string, Watched>();
  let paths: ReadonlySet<string> = new Set();

  return {
    /** What happens in a new folder before its watch has begun does not show; when it has begun that counts as an event. */
    async cover(wanted: readonly string[]): Promise<void> {
      paths = new Set(wanted);
      const needed = await foldersOf(wanted);
      for (const [folder, { identity, watcher }] of watched) {
        if (needed.get(folder) === identity) continue;
        watched.delete(folder);
        await watcher.close();
      }
      for (const [folder, identity] of needed) {
        if (!watched.has(folder)) watched.set(folder, { identity, watcher: await start(folder) });
      }
    },
    async close(): Promise<void> {
      await Promise.all([...watched.values()].map(({ watcher }) => watcher.close()));
      watched.clear();
    },
  };

  async function start(folder: string): Promise<FSWatcher> {
    const { watch } = await import('chokidar');
    const watcher = watch(folder, {
      ignoreInitial: true,
      followSymlinks: false, // else the swap of a `..data` link goes unseen
      depth: 0,
      atomic: false,
      // Other files of the folder need no watch of their own; their coming and going shows in the folder.
      ignored: (path, stats) => stats?.isFile() === true && !paths.has(path),
    });
    watcher.on('ready', onEvent);
    watcher.on('all', onEvent);
    watcher.on('raw', onEvent);
    watcher.on('error', (error) => log.warn({ err: error, folder }, 'a folder is watched by polling only'));
    return watcher;
  }
}

async function foldersOf(paths: readonly string[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  for (const path of paths) {
    // Beside the name also what it leads to, wherever that is.
    const real = await realpath(path).catch(() => path);
    for (const place of new Set([path, real])) {
      const stats = await stat(place).catch(() => null);
      const [folder, identity] = await nearestFolder(stats?.isDirectory() === true ? place : dirname(place));
      folders.set(folder, identity);
    }
  }
  return folders;
}

async function nearestFolder(folder: string): Promise<[string, string]> {
  for (let at = folder; ; at = dirname(at)) {
    const stats = await stat(at).catch(() => null);
    if (stats?.isDirectory() === true) return [at, `${stats.dev}:${stats.ino}`];
    if (at === dirname(at)) return [at, ''];
  }
}
