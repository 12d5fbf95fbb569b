import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Compiled code in the state dir, by digest: what runs, and what a generation can go back to. */
export interface CodeStore {
  path(digest: string): string;
  has(digest: string): Promise<boolean>;
  keep(digest: string, output: { code: string; map: string }): Promise<void>;
  /** Removes what is of no digest in `wanted` and was not written just now, for a start that is under way. */
  prune(wanted: ReadonlySet<string>): Promise<void>;
}

export function createCodeStore(folder: string): CodeStore {
  const path = (digest: string): string => join(folder, `${digest}.cjs`);
  return {
    path,
    has: (digest) =>
      stat(path(digest)).then(
        // A power cut can leave a file without its content.
        ({ size }) => size > 0,
        () => false,
      ),
    async keep(digest, { code, map }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await replace(`${path(digest)}.map`, map);
      await replace(path(digest), code);
    },
    async prune(wanted) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names) {
        const file = join(folder, name);
        if (!wanted.has(name.slice(0, name.indexOf('.'))) && (await isOld(file))) await rm(file, { force: true });
      }
    },
  };
}

const youngMs = 600_000; // no run takes that long from its plan to its last start, but for a module that hangs

async function isOld(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > youngMs;
}

let writes = 0;

/** Whole or not at all. Not synced: after a power cut it is compiled again. */
async function replace(file: string, text: string): Promise<void> {
  writes += 1;
  const temporary = `${file}.${process.pid}.${writes}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}
