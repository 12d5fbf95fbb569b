import { readdirSync } from 'node:fs';
import type { CgroupAccess } from '../../model/cgroup-access.ts';
import { type ErrorCode, MusterError } from '../../model/error.ts';
import { didYouMean } from '../../model/suggest.ts';
import { read, reasonOf, write } from './files.ts';
import { settingsIn } from './limit.ts';
import { statisticsOf } from './statistics.ts';

export const cgroupAccess: CgroupAccess = {
  describe: (folder, spec) => ({ settings: settingsIn(folder, spec), statistics: statisticsOf(folder) }),
  get(folder, key) {
    checkKey(folder, key);
    return kernel(`${key} cannot be read`, () => read(folder, key)) ?? '';
  },
  set(folder, key, value) {
    checkKey(folder, key);
    // Who is in it is the keeper's affair: others would die with the module.
    if (members.has(key)) throw new MusterError('EPERM', `${key} says which processes are in it, and cannot be written by hand`);
    kernel(`${key} does not take ${JSON.stringify(value)}`, () => write(folder, key, value));
    try {
      return read(folder, key);
    } catch {
      return null; // such as cgroup.kill
    }
  },
};

const members = new Set(['cgroup.procs', 'cgroup.threads']);

/** Only files of this very folder. */
function checkKey(folder: string, key: string): void {
  if (!/^[a-z0-9_]+(?:\.[A-Za-z0-9_]+)+$/.test(key)) {
    throw new MusterError('EINVAL', `${JSON.stringify(key)} is no interface file`, {
      hint: 'Such as memory.max or cpu.stat, see cgroups(7).',
    });
  }
  const known = filesIn(folder);
  if (known.includes(key)) return;
  const near = didYouMean(key, known);
  throw new MusterError('ENOENT', `there is no ${key} in ${folder}${near === undefined ? '' : `; ${near}?`}`, {
    hint: 'What a controller has is there once one of its limits is in the config.',
  });
}

function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch {
    return [];
  }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  EINVAL: 'EINVAL',
  ERANGE: 'ERANGE',
  EBUSY: 'EBUSY',
  EACCES: 'EACCES',
  EPERM: 'EPERM',
  ENOSPC: 'ENOSPC',
  ENOENT: 'ENOENT',
  EOPNOTSUPP: 'ENOTSUP',
  ENOTSUP: 'ENOTSUP',
};

function kernel<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = codes[(error as NodeJS.ErrnoException).code ?? ''] ?? 'EIO';
    throw new MusterError(code, `${what}: the kernel answered ${reasonOf(error)}`, { cause: error });
  }
}
