import { accessSync, closeSync, constants, openSync, readSync, type Stats } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Look } from './files.ts';
import { type Problem, problem } from './problem.ts';

export interface Command {
  readonly argv0: string;
  readonly cwd: string;
  /** PATH of the module. */
  readonly path: string;
}

/** Looks, within one pass, whether commands could start at all, so that what cannot is known before anything is stopped. */
export function commandChecks(look: Look): (command: Command) => Problem | null {
  const checked = new Map<string, Problem | null>();
  return ({ argv0, cwd, path }) => {
    const key = `${argv0}\0${cwd}\0${path}`;
    const before = checked.get(key);
    if (before !== undefined) return before;
    const found = checkFolder(cwd, look) ?? checkProgram({ argv0, cwd, path }, look);
    checked.set(key, found);
    return found;
  };
}

function checkFolder(cwd: string, look: Look): Problem | null {
  const stats = look.stat(cwd);
  if (stats === undefined) return problem('ENOENT', `the working folder ${cwd} does not exist`);
  if (!stats.isDirectory()) return problem('EINVAL', `the working folder ${cwd} is not a folder`);
  return isExecutable(cwd) ? null : problem('EACCES', `the working folder ${cwd} may not be entered`);
}

function checkProgram({ argv0, cwd, path }: Command, look: Look): Problem | null {
  if (argv0.includes('/')) return checkFile(resolve(cwd, argv0), look);
  let refused: Problem | null = null;
  for (const folder of path.split(':')) {
    const file = join(isAbsolute(folder) ? folder : resolve(cwd, folder), argv0);
    if (look.stat(file)?.isFile() !== true) continue;
    const found = checkFile(file, look);
    if (found === null) return null;
    refused ??= found;
  }
  return refused ?? problem('ENOENT', `no program "${argv0}" in PATH (${path})`);
}

function checkFile(file: string, look: Look): Problem | null {
  const stats = look.stat(file);
  if (stats === undefined) return problem('ENOENT', `no program at ${file}`);
  if (!stats.isFile()) return problem('EACCES', `${file} is not a program`);
  if (!isExecutable(file)) return problem('EACCES', `${file} is not executable`, `chmod +x ${file}`);
  const interpreter = interpreterOf(file, stats);
  if (interpreter === null || look.stat(interpreter) !== undefined) return null;
  return problem('ENOENT', `${file} asks for the interpreter ${interpreter}, which does not exist`);
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
const interpreters = new Map<string, { key: string; interpreter: string | null }>();

/** What stands behind `#!`; read again only where the file changed. */
function interpreterOf(file: string, stats: Stats): string | null {
  const key = `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
  const known = interpreters.get(file);
  if (known?.key === key) return known.interpreter;
  const interpreter = /^#!\s*(\/\S+)/.exec(firstBytes(file))?.[1] ?? null;
  interpreters.set(file, { key, interpreter });
  return interpreter;
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
