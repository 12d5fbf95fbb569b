import { constants, type Stats } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { SpawnSpec } from '../model/keeper.ts';

/** What the C library takes where the environment has no PATH. */
const fallbackPath = '/bin:/usr/bin';

/**
 * Finds the program as exec would and says what is wrong with it as precisely as can be: exec itself answers ENOENT to a missing
 * command, a missing cwd and a missing interpreter alike. Resolves with the file to execute.
 */
export async function preflight(spec: SpawnSpec): Promise<string> {
  const command = spec.argv[0];
  if (command === undefined || command === '') throw new MusterError('EINVAL', 'the command is empty');
  refuseNul(spec);
  await checkCwd(spec.cwd);
  const file = command.includes('/') ? await checkFile(command, spec.cwd) : await search(command, spec);
  await checkInterpreter(resolve(spec.cwd, file), spec.cwd);
  return file;
}

/** What is left to say when the preflight passed and exec still failed. */
export function spawnError(error: unknown, spec: SpawnSpec, file: string): MusterError {
  const { code, message } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === 'E2BIG') {
    return new MusterError('E2BIG', `arguments and environment of ${spec.argv[0]} are too long for the system (${sizeOf(spec)} bytes)`, {
      ...cause,
      hint: 'Put long values into a file; one argument may have at most 128 KiB, all together about a quarter of the stack limit.',
    });
  }
  if (code === 'ENOENT') {
    return new MusterError('ENOENT', `${file} is there, but the loader it names is not`, {
      ...cause,
      hint: `It was built for another system. See: file ${file}`,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new MusterError('EACCES', `the system does not let ${file} be executed`, {
      ...cause,
      hint: 'Is its file system mounted noexec?',
    });
  }
  if (code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE' || code === 'ENFILE') {
    return new MusterError('EIO', `no resources left to start ${file}: ${code}`, { ...cause, hint: 'See ulimit -u and ulimit -n.' });
  }
  return new MusterError('EFAILED', `cannot start ${file}: ${message}`, cause);
}

function refuseNul({ argv, arg0, cwd, env }: SpawnSpec): void {
  const bad =
    argv.findIndex((argument) => argument.includes('\0')) !== -1
      ? `command[${argv.findIndex((argument) => argument.includes('\0'))}]`
      : arg0?.includes('\0')
        ? 'arg0'
        : cwd.includes('\0')
          ? 'cwd'
          : Object.entries(env).find(([name, value]) => name.includes('\0') || value.includes('\0'))?.[0];
  if (bad === undefined) return;
  throw new MusterError('EINVAL', `${printable(bad)} holds a NUL byte, which the system cannot pass on`);
}

async function checkCwd(cwd: string): Promise<void> {
  const stats = await statOrNull(cwd);
  if (stats === null) throw new MusterError('ENOENT', `the working folder ${cwd} does not exist`, { hint: 'Create it, or correct `cwd`.' });
  if (!stats.isDirectory()) throw new MusterError('EINVAL', `the working folder ${cwd} is not a folder`, { hint: 'Correct `cwd`.' });
  if (!(await mayExecute(cwd))) throw new MusterError('EACCES', `the working folder ${cwd} may not be entered`);
}

async function checkFile(command: string, cwd: string): Promise<string> {
  const path = resolve(cwd, command);
  const stats = await statOrNull(path);
  if (stats === null) {
    throw new MusterError('ENOENT', `there is no command ${path}`, {
      hint: 'Correct `command`; a path with a slash is relative to `cwd`.',
    });
  }
  const problem = await whyNotExecutable(path, stats);
  if (problem !== null) throw problem;
  return command;
}

async function search(command: string, { env, cwd }: SpawnSpec): Promise<string> {
  const folders = (env.PATH ?? fallbackPath).split(':').map((folder) => resolve(cwd, folder));
  let problem: MusterError | null = null;
  for (const folder of folders) {
    const path = resolve(folder, command);
    const stats = await statOrNull(path);
    if (stats === null) continue;
    const why = await whyNotExecutable(path, stats);
    if (why === null) return path;
    problem ??= why;
  }
  if (problem !== null) throw problem;
  throw new MusterError('ENOENT', `there is no command "${command}" in ${folders.join(', ')}`, {
    hint: 'Install it, give its whole path, or set PATH in `env`.',
  });
}

async function whyNotExecutable(path: string, stats: Stats): Promise<MusterError | null> {
  if (stats.isDirectory()) return new MusterError('EACCES', `the command ${path} is a folder`);
  if (stats.isFile() && (await mayExecute(path))) return null;
  return new MusterError('EACCES', `the command ${path} is not executable`, { hint: `chmod +x ${path}` });
}

/** The `#!` line of a script: of its interpreter the system only says that something is missing. */
async function checkInterpreter(path: string, cwd: string): Promise<void> {
  const line = /^#![ \t]*([^ \t\n\0]+)/.exec(await firstBytes(path))?.[1];
  if (line === undefined) return;
  const interpreter = resolve(cwd, line);
  const stats = await statOrNull(interpreter);
  if (stats !== null && (await whyNotExecutable(interpreter, stats)) === null) return;
  throw new MusterError(
    stats === null ? 'ENOENT' : 'EACCES',
    `the interpreter ${printable(line)} of ${path} ${stats === null ? 'does not exist' : 'is not executable'}`,
    {
      hint: line.endsWith('\r')
        ? `The script has Windows line ends: sed -i 's/\\r$//' ${path}`
        : `Install it, or correct the first line of ${path}`,
    },
  );
}

/** As much of a script as the kernel reads; empty where it may be executed but not read. */
async function firstBytes(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function statOrNull(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}

function mayExecute(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function sizeOf({ argv, env }: SpawnSpec): number {
  const strings = [...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  return strings.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
}
