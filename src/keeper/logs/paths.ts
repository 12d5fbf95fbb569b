import { join } from 'node:path';
import { MusterError } from '../../model/error.ts';

/** File of a log: `NAME.log`, older ones `NAME.log.1` and up. Names come checked; this is the last door before the disk. */
export function logPath(dir: string, name: string, age = 0): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}$|^-[A-Za-z0-9_.:-]{0,199}$/.test(name)) {
    throw new MusterError('EINVAL', `"${name}" cannot be the name of a log`);
  }
  return join(dir, age === 0 ? `${name}.log` : `${name}.log.${age}`);
}

/** The file beside a log that says when and from which stream its parts came. */
export function indexPath(log: string): string {
  return `${log}.idx`;
}

/** The file that says how the lines of a log are told, whichever of its files they are in. */
export function shapesPath(dir: string, name: string): string {
  return `${logPath(dir, name)}.shapes`;
}
