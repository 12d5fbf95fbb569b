import { accessSync, closeSync, constants, openSync, readSync, type Stats } from 'node:fs';
import { resolve } from 'node:path';
import { findProgram, type ProgramLook } from '../model/program.ts';
import type { Look } from './files.ts';
import type { Problem } from './problem.ts';

export interface Command {
  readonly argv0: string;
  readonly cwd: string;
  /** PATH of the module; undefined: it has none. */
  readonly path: string | undefined;
}

/** Looks, within one pass, whether commands could start at all, so that what cannot is known before anything is stopped. */
export function commandChecks(look: Look): (command: Command) => Problem | null {
  const checked = new Map<string, Problem | null>();
  const files = filesOf(look);
  return ({ argv0, cwd, path }) => {
    const key = `${argv0}\0${cwd}\0${path ?? ''}`;
    const before = checked.get(key);
    if (before !== undefined) return before;
    const found = findProgram({ program: argv0, cwd, path }, files).problem ?? null;
    checked.set(key, found);
    return found;
  };
}

function filesOf(look: Look): ProgramLook {
  return {
    kind(path) {
      const stats = look.stat(path);
      if (stats === undefined) return null;
      return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other';
    },
    mayExecute: isExecutable,
    begin(path) {
      const stats = look.stat(path);
      return stats === undefined ? '' : beginOf(path, stats);
    },
    resolve,
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The kernel reads that much of a first line. */
const firstLineBytes = 256;
const begins = new Map<string, { key: string; begin: string }>();

/** Read again only where the file changed. */
function beginOf(file: string, stats: Stats): string {
  const key = `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
  const known = begins.get(file);
  if (known?.key === key) return known.begin;
  const begin = firstBytes(file);
  begins.set(file, { key, begin: begin.startsWith('#!') ? begin : '' });
  return begin;
}

function firstBytes(file: string): string {
  const bytes = Buffer.alloc(firstLineBytes);
  try {
    const fd = openSync(file, 'r');
    try {
      return bytes.toString('latin1', 0, readSync(fd, bytes, 0, firstLineBytes, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
