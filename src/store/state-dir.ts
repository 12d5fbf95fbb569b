import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, stat } from 'node:fs/promises';
import { MusterError } from '../model/error.ts';
import { missingFolders } from '../model/folders.ts';
import { diskError } from './disk-error.ts';

const othersMayWrite = 0o022;
const othersMayAnything = 0o077;
const privateMode = 0o700;

/**
 * Makes the state dir (absolute), or checks the one that is there: what stands in it decides which programs run as this
 * user, so nobody else may be able to write it. Rejects with `EACCES` or `EIO`.
 */
export async function prepareStateDir(dir: string, uid = process.getuid?.() ?? 0): Promise<void> {
  await makeFolder(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') throw new MusterError('EIO', `the state dir ${dir} is not a folder`, { cause: error });
    throw diskError(error, `cannot make the state dir ${dir}`);
  });
  const found = await stat(dir).catch((error) => Promise.reject(diskError(error, `cannot look at the state dir ${dir}`)));
  if (!found.isDirectory()) throw new MusterError('EIO', `the state dir ${dir} is not a folder`);
  const { mode, uid: owner } = found;
  if (owner !== uid) {
    throw new MusterError('EACCES', `the state dir ${dir} belongs to user ${owner}, and the daemon would run as user ${uid}`, {
      hint: 'Run it as that user, or choose another place with --state-dir.',
    });
  }
  if ((mode & othersMayWrite) !== 0) {
    throw new MusterError('EACCES', `others may write to the state dir ${dir} (mode ${octal(mode)})`, {
      hint: `Look at what is in it; then: chmod 700 ${dir}`,
    });
  }
  // Owned by us and closed to writers: only readers are left to shut out.
  if ((mode & othersMayAnything) !== 0) await chmod(dir, privateMode).catch(() => {});
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK).catch((error) => {
    throw new MusterError('EACCES', `the state dir ${dir} cannot be written`, {
      cause: error,
      hint: `Make it writable (mode ${octal(mode)} now), or choose another place with --state-dir.`,
    });
  });
}

async function makeFolder(dir: string): Promise<void> {
  for (const folder of missingFolders(dir, existsSync)) {
    await mkdir(folder, { mode: privateMode }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // someone else was faster
    });
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
