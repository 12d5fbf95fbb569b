import type { Clock, Log, Timer } from '../model/ports.ts';
import { createBurst } from './burst.ts';
import { createFolders } from './folders.ts';
import { signatureOf } from './signature.ts';

export interface WatchOptions {
  clock: Clock;
  /** Something may have changed: called once per burst of changes, never while one goes on. */
  onChange(): void;
  log: Log;
  /** A burst is over when nothing happened for this long. */
  quietMs?: number;
  /** The safety net: how often the files are looked at without an event. */
  pollMs?: number;
}

export interface FileWatcher {
  /** What to watch from now on: files and folders, absolute, there or not. Cheap if it is the same as before. */
  watch(paths: readonly string[]): void;
  close(): Promise<void>;
}

/** A file that changed less than this before it came under watch may have changed after it was read. */
const gapMs = 1000;

/**
 * Watches files by the folders they are in. An event only makes it look; what it reports is a difference to the last
 * look, so that neither other files of the folder nor doubled events count.
 */
export function watchFiles({ clock, onChange, log, quietMs = 75, pollMs = 4000 }: WatchOptions): FileWatcher {
  let paths: readonly string[] = [];
  /** Path -> what it looked like. */
  let seen = new Map<string, string>();
  let closed = false;
  let poll: Timer | null = null;
  const burst = createBurst({ clock, quietMs, longestMs: 2000, onOver: () => run(look) });
  const folders = createFolders({ log, onEvent: burst.event });
  // Looks follow each other: each compares with the one before.
  let turn: Promise<void> = Promise.resolve();

  return {
    watch(wanted) {
      if (closed || (wanted.length === paths.length && wanted.every((path, index) => path === paths[index]))) return;
      paths = [...new Set(wanted)];
      run(takeIn);
      poll ??= clock.after(pollMs, tick);
    },
    async close() {
      closed = true;
      poll?.cancel();
      await turn;
      await folders.close();
      burst.cancel(); // last: until then there are events
    },
  };

  function run(step: () => Promise<void>): void {
    turn = turn.then(async () => {
      if (closed) return;
      try {
        await step();
      } catch (error) {
        log.warn({ err: error }, 'files could not be watched');
      }
    });
  }

  /** New paths are seen for the first time; what is known of the others stays, for the next look to compare. */
  async function takeIn(): Promise<void> {
    await folders.cover(paths);
    const now = new Map<string, string>();
    for (const path of paths) {
      const { text, changedAt } = await signatureOf(path);
      const known = seen.get(path) ?? (clock.now() - changedAt < gapMs ? 'fresh' : text);
      now.set(path, known);
      if (known !== text) burst.event();
    }
    seen = now;
  }

  async function look(): Promise<void> {
    const different = await compare();
    await folders.cover(paths);
    if (different && !closed) onChange();
  }

  /** Remembers how everything looks; true if anything looks different. */
  async function compare(): Promise<boolean> {
    let different = false;
    for (const path of paths) {
      const { text } = await signatureOf(path);
      if (seen.get(path) !== text) different = true;
      seen.set(path, text);
    }
    return different;
  }

  /** What the poll finds is waited for like an event: it may be half done. */
  function tick(): void {
    run(async () => {
      await folders.cover(paths);
      for (const path of paths) {
        if (seen.get(path) === (await signatureOf(path)).text) continue;
        burst.event();
        break;
      }
    });
    poll = clock.after(pollMs, tick);
  }
}
