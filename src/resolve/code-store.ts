import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './files.ts';

/** Compiled code in the state dir, by digest: what runs, and what a generation can go back to. */
export interface CodeStore {
  path(digest: string): string;
  /** Whether it is there, and whole. */
  has(digest: string): Promise<boolean>;
  keep(digest: string, output: { code: string; map: string }): Promise<void>;
  /** Removes what is of no digest in `wanted` and was not written just now, for a start that is under way. */
  prune(wanted: ReadonlySet<string>): Promise<void>;
}

export function createCodeStore(folder: string): CodeStore {
  const path = (digest: string): string => join(folder, `${digest}.cjs`);
  /** Stamps of the files that were read and found whole. */
  const whole = new Map<string, string>();
  return {
    path,
    async has(digest) {
      const file = path(digest);
      const stats = await stat(file).catch(() => null);
      if (stats === null) return false;
      const stamp = `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
      if (whole.get(digest) === stamp) return true;
      if (!isWhole(await readFile(file, 'utf8').catch(() => ''))) return false;
      whole.set(digest, stamp);
      return true;
    },
    async keep(digest, { code, map }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await replace(`${path(digest)}.map`, map);
      await replace(path(digest), sealed(code));
    },
    async prune(wanted) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names) {
        const file = join(folder, name);
        const digest = name.slice(0, name.indexOf('.'));
        if (wanted.has(digest) || !(await isOld(file))) continue;
        whole.delete(digest);
        await rm(file, { force: true });
      }
    },
  };
}

const sumMark = '//# musterSum=';

/** A power cut or a bad disk leaves files without their content, or with another: the last line tells. */
function sealed(code: string): string {
  return `${code}${sumMark}${sha256(code)}\n`;
}

function isWhole(text: string): boolean {
  const at = text.lastIndexOf(sumMark);
  return at !== -1 && text.slice(at) === `${sumMark}${sha256(text.slice(0, at))}\n`;
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
