import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../../model/ports.ts';

/** Whether something may have been written to a log. */
export interface News {
  /** Resolves when it may, or after a while; false if nobody said so. */
  wait(): Promise<boolean>;
  tell(): void;
  close(): void;
}

/** Looks at least this often; what cannot be watched (too many watches) is thereby only late. */
const pollMs = 500;

export function watchForNews(dir: string, name: string, clock: Clock): News {
  let fresh = false;
  let wake: (() => void) | null = null;
  const own = `${name}.log`;
  const watcher = watchOrNull(dir, (file) => {
    if (file === null || file.startsWith(own)) tell();
  });
  return {
    async wait() {
      if (!fresh) {
        await new Promise<void>((resolve) => {
          const timer = clock.after(pollMs, resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
        });
      }
      const told = fresh;
      fresh = false;
      wake = null;
      return told;
    },
    tell,
    close: () => watcher?.close(),
  };

  function tell(): void {
    fresh = true;
    wake?.();
  }
}

function watchOrNull(dir: string, changed: (file: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(dir, { persistent: false }, (_event, file) => changed(file));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
