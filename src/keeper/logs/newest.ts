import { stat } from 'node:fs/promises';
import { logPath } from './paths.ts';
import { openSource, type Source } from './source.ts';

/** The file that follows this one; null while it is the newest. */
export async function newestAfter(dir: string, name: string, source: Source | null): Promise<Source | null> {
  const newest = await inodeOf(logPath(dir, name));
  if (newest === null || newest === source?.inode) return null;
  if (source === null) return openSource(logPath(dir, name));
  for (;;) {
    const age = await ageOf(dir, name, source.inode);
    const next = await openSource(logPath(dir, name, age - 1));
    // A rotation in between moves all files on by one, and what was opened is then not the one that follows.
    const before = await inodeOf(logPath(dir, name, age));
    if (before === null || before === source.inode) return next;
    await next?.close();
  }
}

/**
 * How old the file is by now. Where it is gone already, the oldest that is left counts as its successor; what was between is
 * lost. A single age without a file is no end: a rotation under way leaves one.
 */
async function ageOf(dir: string, name: string, inode: number): Promise<number> {
  for (let age = 1; ; age += 1) {
    const found = await inodeOf(logPath(dir, name, age));
    if (found === inode) return age;
    if (found === null && (await inodeOf(logPath(dir, name, age + 1))) === null) return age;
  }
}

function inodeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ ino }) => ino,
    () => null,
  );
}
