import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Disk, Log } from '../model/ports.ts';

/** A file that was, or is to be, written. */
export interface Written {
  readonly path: string;
  /** Null: there was no such file. */
  readonly before: string | null;
  readonly after: string;
}

/** How to come back from what was written: no more of the file than what it says in place of what is new. */
interface Way {
  readonly path: string;
  /** SHA-256 (hex) of the file with what is new. */
  readonly after: string;
  readonly at: number;
  readonly length: number;
  /** Null: there was no such file. */
  readonly before: string | null;
}

/** What is written into files of the user and not known to run yet: a daemon that is killed then has the next one put it back. */
export interface UnfinishedSaves {
  /** To be called before anything is written; returns what is called when all of it is done with, or put back. */
  begin(files: readonly Written[]): Promise<() => Promise<void>>;
}

const recordFile = 'unfinished-saves';

export function createUnfinishedSaves(disk: Disk): UnfinishedSaves {
  const open = new Set<readonly Way[]>();
  const record = async (): Promise<void> => {
    const lines = [...open].flat().map((way) => `${JSON.stringify(way)}\n`);
    if (lines.length === 0) await disk.remove(recordFile);
    else await disk.replace(recordFile, lines.join(''));
  };
  return {
    async begin(files) {
      const ways = files.map(wayBack);
      open.add(ways);
      await record();
      return async () => {
        open.delete(ways);
        await record();
      };
    },
  };
}

/** What the daemon before has left in the middle is put back, the last first; what somebody has changed since stays. */
export async function undoUnfinished(disk: Disk, write: (path: string, text: string | null) => Promise<void>, log: Log): Promise<void> {
  const bytes = await disk.read(recordFile);
  if (bytes === null) return;
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  for (const line of lines.filter((text) => text !== '').reverse()) {
    try {
      const { path, after, at, length, before } = JSON.parse(line) as Way;
      const now = await readFile(path, 'utf8').catch(() => null);
      if (now === null || digest(now) !== after) continue;
      await write(path, before === null ? null : `${now.slice(0, at)}${before}${now.slice(at + length)}`);
      log.warn({ file: path }, 'an install --save was not finished; what it had written is put back');
    } catch (error) {
      log.error({ err: error }, 'what an unfinished install --save had written cannot be put back');
    }
  }
  await disk.remove(recordFile);
}

function wayBack({ path, before, after }: Written): Way {
  const way = { path, after: digest(after) };
  if (before === null) return { ...way, at: 0, length: 0, before };
  const most = Math.min(before.length, after.length);
  let at = 0;
  while (at < most && before[at] === after[at]) at += 1;
  let tail = 0;
  while (tail < most - at && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return { ...way, at, length: after.length - tail - at, before: before.slice(at, before.length - tail) };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
