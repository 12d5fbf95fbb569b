import { rmSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log } from '../../model/ports.ts';

export interface TotalOptions {
  readonly dir: string;
  /** Bytes of all logs together; 0 = no bound. */
  readonly most: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the logs of all modules together within a bound. */
export interface Total {
  /** A log has grown by a file: looks, soon, whether all of them are too much. */
  grown(): void;
}

/** However many logs are rotated meanwhile. */
const settleMs = 250;

export function createTotal({ dir, most, clock, log }: TotalOptions): Total {
  let waiting = false;
  return {
    grown() {
      if (most === 0 || waiting) return;
      waiting = true;
      clock.after(settleMs, () => {
        waiting = false;
        void enforce().catch((error: unknown) => log.warn({ err: error }, 'logs could not be bounded'));
      });
    },
  };

  async function enforce(): Promise<void> {
    const doomed = tooMuch(await filesIn(dir), most);
    for (const { file, inode } of doomed) {
      const path = join(dir, file);
      // A rotation gives its name to a younger one; who rotates has this looked at again.
      if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) continue;
      rmSync(path, { force: true });
      rmSync(`${path}.idx`, { force: true });
    }
    if (doomed.length > 0) {
      log.info({ files: doomed.map(({ file }) => file) }, 'old logs are removed: all of them together were too large');
    }
  }
}

export interface FileSize {
  readonly file: string;
  readonly size: number;
}

/** What has to go: again and again the oldest file of the largest log, never one that is being written. Pure. */
export function tooMuch<F extends FileSize>(files: readonly F[], most: number): F[] {
  const logs = new Map<string, { size: number; rotated: { of: F; age: number }[] }>();
  let total = 0;
  for (const of of files) {
    const { file, size } = of;
    const [, name, age] = /^(.+\.log)(?:\.(\d+))?$/.exec(file) ?? [];
    if (name === undefined) continue;
    const found = logs.get(name) ?? { size: 0, rotated: [] };
    logs.set(name, found);
    found.size += size;
    total += size;
    if (age !== undefined) found.rotated.push({ of, age: Number(age) });
  }
  const able = [...logs.values()].filter(({ rotated }) => rotated.length > 0);
  for (const { rotated } of able) rotated.sort((a, b) => a.age - b.age);
  const doomed: F[] = [];
  while (total > most && able.length > 0) {
    const largest = able.reduce((best, other) => (other.size > best.size ? other : best));
    const { of } = largest.rotated.pop() as { of: F };
    doomed.push(of);
    largest.size -= of.size;
    total -= of.size;
    if (largest.rotated.length === 0) able.splice(able.indexOf(largest), 1);
  }
  return doomed;
}

async function filesIn(dir: string): Promise<(FileSize & { readonly inode: number })[]> {
  const names = (await readdir(dir)).filter((name) => !name.endsWith('.idx'));
  const found = await Promise.all(
    names.map((file) =>
      stat(join(dir, file)).then(
        ({ size, ino }) => [{ file, size, inode: ino }],
        () => [],
      ),
    ),
  );
  return found.flat();
}
