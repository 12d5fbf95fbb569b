import type { ErrorCode } from './error.ts';

/** What can be seen of files; all of it as the daemon may see it. */
export interface ProgramLook {
  /** Null: nothing is there. */
  kind(path: string): 'file' | 'folder' | 'other' | null;
  mayExecute(path: string): boolean;
  /** How a file begins, as much of it as the kernel reads; empty where it may be executed but not read. */
  begin(path: string): string;
  /** A path as it is meant in a folder. */
  resolve(folder: string, path: string): string;
}

export interface ProgramAsked {
  /** The program as it is written: with a slash a path, else a name to be looked up. */
  readonly program: string;
  readonly cwd: string;
  /** PATH of the module; undefined: it has none. */
  readonly path: string | undefined;
}

export interface ProgramProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

export type ProgramFound = { readonly file: string; readonly problem?: never } | { readonly problem: ProgramProblem };

/** What the C library takes where the environment has no PATH. */
const fallbackPath = '/bin:/usr/bin';

/**
 * Finds the program as exec would, and says what is wrong with it as precisely as can be: exec itself answers ENOENT to a missing
 * command, a missing working folder and a missing interpreter alike. The one place that both the plan and the start go by.
 */
export function findProgram({ program, cwd, path = fallbackPath }: ProgramAsked, look: ProgramLook): ProgramFound {
  if (program === '') return refused('EINVAL', 'the command is empty');
  const bad = folderProblem(cwd, look);
  if (bad !== null) return { problem: bad };
  const found = program.includes('/') ? byPath(program, cwd, look) : byName(program, cwd, path, look);
  if (found.problem !== undefined) return found;
  const problem = interpreterProblem(look.resolve(cwd, found.file), cwd, look);
  return problem === null ? found : { problem };
}

function folderProblem(cwd: string, look: ProgramLook): ProgramProblem | null {
  const kind = look.kind(cwd);
  if (kind === null) return { code: 'ENOENT', message: `the working folder ${cwd} does not exist`, hint: 'Create it, or correct `cwd`.' };
  if (kind !== 'folder') return { code: 'EINVAL', message: `the working folder ${cwd} is not a folder`, hint: 'Correct `cwd`.' };
  return look.mayExecute(cwd) ? null : { code: 'EACCES', message: `the working folder ${cwd} may not be entered` };
}

function byPath(program: string, cwd: string, look: ProgramLook): ProgramFound {
  const path = look.resolve(cwd, program);
  const kind = look.kind(path);
  if (kind === null) {
    return refused('ENOENT', `there is no command ${path}`, 'Correct `command`; a path with a slash is relative to `cwd`.');
  }
  const problem = executableProblem(path, kind, look);
  return problem === null ? { file: program } : { problem };
}

function byName(program: string, cwd: string, path: string, look: ProgramLook): ProgramFound {
  const folders = path.split(':').map((folder) => look.resolve(cwd, folder));
  let first: ProgramProblem | null = null;
  for (const folder of folders) {
    const file = look.resolve(folder, program);
    const kind = look.kind(file);
    if (kind === null) continue;
    const problem = executableProblem(file, kind, look);
    if (problem === null) return { file };
    first ??= problem;
  }
  if (first !== null) return { problem: first };
  const hint = 'Install it, give its whole path, or set PATH in `env`.';
  return refused('ENOENT', `there is no command "${program}" in ${folders.join(', ')}`, hint);
}

function executableProblem(path: string, kind: 'file' | 'folder' | 'other', look: ProgramLook): ProgramProblem | null {
  if (kind === 'folder') return { code: 'EACCES', message: `the command ${path} is a folder` };
  if (kind === 'file' && look.mayExecute(path)) return null;
  return { code: 'EACCES', message: `the command ${path} is not executable`, hint: `chmod +x ${path}` };
}

/** The `#!` line of a script: of its interpreter the system only says that something is missing. */
function interpreterProblem(path: string, cwd: string, look: ProgramLook): ProgramProblem | null {
  const line = /^#![ \t]*([^ \t\n\0]+)/.exec(look.begin(path))?.[1];
  if (line === undefined) return null;
  const interpreter = look.resolve(cwd, line);
  const kind = look.kind(interpreter);
  if (kind !== null && executableProblem(interpreter, kind, look) === null) return null;
  return {
    code: kind === null ? 'ENOENT' : 'EACCES',
    message: `the interpreter ${printable(line)} of ${path} ${kind === null ? 'does not exist' : 'is not executable'}`,
    hint: line.endsWith('\r')
      ? `The script has Windows line ends: sed -i 's/\\r$//' ${path}`
      : `Install it, or correct the first line of ${path}`,
  };
}

/** Linux takes no longer argument (MAX_ARG_STRLEN, with its final NUL). How much all may have together is known to exec alone. */
const mostArgumentBytes = 128 * 1024 - 1;

/** What the system could not pass on to a program. */
export function argumentProblem(argv: readonly string[], others: Readonly<Record<string, string | undefined>>): ProgramProblem | null {
  const nul = argv.findIndex((argument) => argument.includes('\0'));
  const bad = nul !== -1 ? `command[${nul}]` : Object.entries(others).find(([name, value]) => `${name}${value ?? ''}`.includes('\0'))?.[0];
  if (bad !== undefined) return { code: 'EINVAL', message: `${printable(bad)} holds a NUL byte, which the system cannot pass on` };
  const long = argv.findIndex((argument) => byteLength(argument) > mostArgumentBytes);
  if (long === -1) return null;
  const message = `argument ${long} of ${argv[0]} is longer than ${mostArgumentBytes} bytes`;
  return { code: 'E2BIG', message, hint: 'Put it into a file.' };
}

function byteLength(text: string): number {
  // Almost all are short, and no character has more than three bytes per unit.
  return text.length * 3 <= mostArgumentBytes ? text.length : new TextEncoder().encode(text).length;
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function refused(code: ErrorCode, message: string, hint?: string): ProgramFound {
  return { problem: hint === undefined ? { code, message } : { code, message, hint } };
}
