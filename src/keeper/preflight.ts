import { closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { closedTo } from '../model/closed.ts';
import { MusterError } from '../model/error.ts';
import type { SpawnSpec } from '../model/keeper.ts';
import { argumentProblem, findProgram, type ProgramLook, type ProgramProblem } from '../model/program.ts';
import { may } from './may.ts';

/** Resolves with the file to execute; rejects with what is wrong with it, as precisely as can be. */
export async function preflight({ argv, arg0, cwd, env }: SpawnSpec): Promise<string> {
  const refused = argumentProblem(argv, { arg0, cwd, ...env });
  if (refused !== null) throw toError(refused);
  const found = findProgram({ program: argv[0] ?? '', cwd, path: env.PATH }, look);
  if (found.problem !== undefined) throw toError(found.problem);
  return found.file;
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
    const closed = closedTo(spec.identity ?? null, file, spec.cwd, (path) => statSync(path, { throwIfNoEntry: false }));
    if (closed !== null) return toError(closed);
    return new MusterError('EACCES', `the system does not let ${file} be executed`, {
      ...cause,
      hint:
        spec.identity?.uid == null
          ? 'Is its file system mounted noexec?'
          : `May uid ${spec.identity.uid} read and execute it, and enter all folders on the way? Is its file system mounted noexec?`,
    });
  }
  if (code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE' || code === 'ENFILE') {
    return new MusterError('EIO', `no resources left to start ${file}: ${code}`, { ...cause, hint: 'See ulimit -u and ulimit -n.' });
  }
  if (code === 'EINVAL' || code === 'EBADF') {
    return new MusterError('EIO', `${file} cannot be given the descriptors it needs: too few may be open`, {
      ...cause,
      hint: 'See ulimit -n of the daemon; let it be 1024 or more.',
    });
  }
  return new MusterError('EFAILED', `cannot start ${file}: ${message}`, cause);
}

function toError({ code, message, hint }: ProgramProblem): MusterError {
  return new MusterError(code, message, hint === undefined ? {} : { hint });
}

/** The file system right now. Synchronous: to execute the file is, too. */
const look: ProgramLook = {
  kind(path) {
    try {
      // Most folders of a PATH do not have it, and to throw that would cost more than to look.
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return null;
      return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other';
    } catch {
      return null;
    }
  },
  mayExecute: (path) => may(path, constants.X_OK),
  begin(path) {
    try {
      const file = openSync(path, 'r');
      try {
        const bytes = Buffer.alloc(256);
        return bytes.toString('latin1', 0, readSync(file, bytes, 0, 256, 0));
      } finally {
        closeSync(file);
      }
    } catch {
      return '';
    }
  },
  resolve,
};

function sizeOf({ argv, env }: SpawnSpec): number {
  const strings = [...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  return strings.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
}
