import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileText, Reader } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import { findFiles } from './glob.ts';
import { readTwice } from './read.ts';
import { refusal } from './refusal.ts';

export interface FileReaderOptions {
  clock: Clock;
  /** A file that changed less than this ago is waited for. */
  settleMs?: number;
}

/** What was read last of a path, and when. */
interface Known {
  good: FileText | null;
  stats: BigIntStats | null;
  readAt: number;
}

const patienceMs = 1000; // a save takes a few ms; nobody notices a second
const longestSettleMs = 2000;
/** Within this a file system can stamp two writes alike. */
const stampMs = 2000;
const mostBytes = 64 * 1024 ** 2;

/** Reads files whole or not at all (CONTRACT §2): what is still being written is waited for, then refused. */
export function createFileReader({ clock, settleMs = 50 }: FileReaderOptions): Reader {
  const kept = new Map<string, Known>();
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  /** Waits until nobody has touched it for a moment. */
  async function settled(path: string, atLast: 'refuse' | 'goOn' = 'refuse'): Promise<BigIntStats> {
    const start = clock.now();
    for (;;) {
      const stats = await stat(path, { bigint: true });
      const age = clock.now() - Number(stats.mtimeMs);
      if (age < 0 || age >= settleMs) return stats;
      if (clock.now() - start > longestSettleMs) {
        if (atLast === 'goOn') return stats;
        throw new MusterError('EBUSY', `${path} does not stop changing`, { hint: 'try again when it is written' });
      }
      await wait(Math.max(1, settleMs - age));
    }
  }

  async function attempt(path: string, known: Known): Promise<FileText> {
    const stats = await settled(path);
    if (stats.isDirectory()) throw new MusterError('EINVAL', `${path} is a folder`, { hint: 'name a file in it' });
    if (!stats.isFile()) throw new MusterError('EINVAL', `${path} is no regular file`);
    if (stats.size > mostBytes) throw new MusterError('E2BIG', `${path} has ${stats.size} bytes; at most ${mostBytes} are read`);
    if (known.good !== null && isUnchanged(stats, known)) return known.good;
    const readAt = clock.now();
    const text = await readTwice(path, stats);
    if (text === null) throw unfinished(`${path} changed while it was read`);
    if (text.text.trim() === '') throw unfinished(`${path} is empty`, 'for a config without modules write modules: {}');
    if (known.good?.text.endsWith('\n') === true && !text.text.endsWith('\n')) {
      throw unfinished(`${path} looks half-written: the line break at its end is gone`, 'end the file with a line break');
    }
    Object.assign(known, { good: text.sha256 === known.good?.sha256 ? known.good : text, stats, readAt } satisfies Known);
    return known.good ?? text;
  }

  return {
    async file(path) {
      const known = kept.get(path) ?? { good: null, stats: null, readAt: 0 };
      kept.set(path, known);
      const start = clock.now();
      for (;;) {
        try {
          return await attempt(path, known);
        } catch (error) {
          const refused = refusal(error, path);
          if (clock.now() - start >= patienceMs || !(await isRecent(path, refused, known))) {
            // A file that is gone for good is waited for once only.
            if (refused.code === 'ENOENT') kept.delete(path);
            throw refused;
          }
          await wait(settleMs);
        }
      }
    },
    async glob(pattern) {
      try {
        // In a folder other files may come and go all the time.
        return await findFiles(pattern, (folder) => settled(folder, 'goOn'));
      } catch (error) {
        throw refusal(error, pattern);
      }
    },
  };

  /** Whether the next moment may set it right: it was touched just now, or has just vanished. */
  async function isRecent(path: string, { code }: MusterError, known: Known): Promise<boolean> {
    if (code === 'ENOENT') return known.good !== null;
    if (code !== 'EBUSY') return false;
    const stats = await stat(path).catch(() => null);
    return stats === null || clock.now() - stats.mtimeMs < patienceMs;
  }
}

function unfinished(message: string, hint = 'try again when it is written'): MusterError {
  return new MusterError('EBUSY', message, { hint });
}

function isUnchanged(now: BigIntStats, { stats, readAt }: Known): boolean {
  if (stats === null || readAt - Number(stats.mtimeMs) < stampMs) return false;
  return (['mtimeNs', 'ctimeNs', 'size', 'ino', 'dev'] as const).every((field) => now[field] === stats[field]);
}
