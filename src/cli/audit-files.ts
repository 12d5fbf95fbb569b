import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditLine, auditFile, auditFilesKept } from '../model/audit.ts';
import { MusterError } from '../model/error.ts';

/** The audit log as it lies in a state dir, whether a daemon runs or not. Nothing secret is in it. */
export interface AuditFiles {
  /** All lines that were written since the last call, oldest first; at the first call as many of the last ones as are wanted, or all. */
  read(most?: number): Promise<AuditLine[]>;
  /** Whether there was one at the last call. */
  readonly exists: boolean;
  /** Lines that are none: somebody else wrote there, or a disk was at fault. */
  readonly damaged: number;
}

export function auditFilesIn(stateDir: string): AuditFiles {
  const pathOf = (age: number): string => join(stateDir, age === 0 ? auditFile : `${auditFile}.${age}`);
  /** How far the newest file was read, and which that was. */
  let seen: { readonly inode: number; readonly bytes: number } | null = null;
  let damaged = 0;

  return {
    get exists() {
      return seen !== null;
    },
    get damaged() {
      return damaged;
    },
    async read(most = Number.POSITIVE_INFINITY) {
      const known = seen;
      seen = null;
      const found: AuditLine[][] = [];
      // From the newest on back to where the last call ended.
      for (let age = 0, count = 0; age <= auditFilesKept && (age === 0 || count < most); age += 1) {
        const file = await openedAt(pathOf(age));
        if (file === null && age > 0) break;
        if (file === null) continue;
        const isKnown = file.inode === known?.inode;
        const lines = linesIn(file.bytes.subarray(isKnown ? known.bytes : 0));
        found.unshift(lines);
        count += lines.length;
        seen ??= { inode: file.inode, bytes: file.bytes.length };
        if (isKnown) break;
      }
      seen ??= known;
      const all = found.flat();
      return Number.isFinite(most) ? all.slice(Math.max(0, all.length - most)) : all;
    },
  };

  function linesIn(bytes: Buffer): AuditLine[] {
    return bytes
      .toString()
      .split('\n')
      .flatMap((line) => {
        if (line === '') return [];
        try {
          return [JSON.parse(line) as AuditLine];
        } catch {
          damaged += 1;
          return [];
        }
      });
  }
}

/** Up to its last whole line; null: there is none. */
async function openedAt(path: string): Promise<{ inode: number; bytes: Buffer } | null> {
  try {
    const { ino: inode } = await stat(path);
    const bytes = await readFile(path);
    return { inode, bytes: bytes.subarray(0, bytes.lastIndexOf(10) + 1) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new MusterError('EACCES', `no permission to read ${path}`, { cause: error, hint: 'ask as the user that the daemon runs as' });
  }
}
