import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { FileText, Reader } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import { glob } from './glob.ts';

export interface FileReaderOptions {
  clock: Clock;
  /** A file that was changed less than this ago may still be being written. */
  settleMs?: number;
  /** How long a file that looks half-written is given to become whole. */
  patienceMs?: number;
}

/** Far above any config, far below what would hurt. */
const largest = 64n * 1024n * 1024n;
/** File systems date changes by the tick of the kernel; a stat older than this cannot hide a second change. */
const trustedAfterMs = 2000;

interface Known {
  stamp: string;
  text: FileText;
  /** When the stat was taken at which this text was read. */
  changedMs: number;
}

/** Reads files whole or not at all (DESIGN §2.9): a text that is still being written is waited for, then refused. */
export function createFileReader({ clock, settleMs = 50, patienceMs = 1000 }: FileReaderOptions): Reader {
  const known = new Map<string, Known>();
  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  return {
    glob,
    async file(path) {
      const deadline = clock.now() + patienceMs;
      for (;;) {
        const last = known.get(path);
        const before = await statOf(path);
        const stamp = stampOf(before);
        if (last?.stamp === stamp && clock.now() - last.changedMs > trustedAfterMs) return last.text;
        const age = clock.now() - Number(before.mtimeMs);
        const unsettled = age >= 0 && age < settleMs;
        if (!unsettled) {
          const text = await readText(path);
          const after = await statOf(path);
          const problem = stampOf(after) === stamp ? doubtOf(text, last?.text.text, path) : `${path} changes while it is read`;
          if (problem === null) return remember(path, stamp, text, Number(after.mtimeMs));
          if (clock.now() >= deadline) throw unfinished(problem);
        } else if (clock.now() >= deadline + settleMs) throw unfinished(`${path} is still being written`);
        await pause(unsettled ? settleMs - age : settleMs);
      }
    },
  };

  function remember(path: string, stamp: string, text: string, changedMs: number): FileText {
    const same = known.get(path)?.text;
    const file = same?.text === text ? same : { path, text, sha256: createHash('sha256').update(text).digest('hex') };
    known.set(path, { stamp, text: file, changedMs });
    return file;
  }
}

/** Why a text does not look whole; null if it does. `before` is the last whole text of the same file. */
function doubtOf(text: string, before: string | undefined, path: string): string | null {
  if (text.trim() === '') return `${path} is empty`;
  if (before?.endsWith('\n') === true && !text.endsWith('\n')) return `${path} looks half-written: the line break at its end is gone`;
  return null;
}

function unfinished(problem: string): MusterError {
  const hint = problem.endsWith('is empty') ? 'to load nothing, write modules: {}' : 'if it is whole, end it with a line break';
  return new MusterError('EINVAL', problem, { hint });
}

async function statOf(path: string): Promise<BigIntStats> {
  const found = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw new MusterError('ENOENT', `${path} does not exist`);
    throw new MusterError('EACCES', `${path} cannot be read: ${error.message}`);
  });
  if (found.isDirectory()) throw new MusterError('EINVAL', `${path} is a folder, not a file`);
  if (!found.isFile()) throw new MusterError('EINVAL', `${path} is not a regular file`);
  if (found.size > largest) throw new MusterError('E2BIG', `${path} has ${found.size} bytes; a config has at most 64M`);
  return found;
}

function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new MusterError('ENOENT', `${path} does not exist`);
    throw new MusterError('EACCES', `${path} cannot be read: ${error.message}`);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new MusterError('EINVAL', `${path} is not UTF-8`);
  }
}
