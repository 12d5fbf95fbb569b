import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MusterError } from '../model/error.ts';

/** A name under which the system takes a socket path of any length. */
export interface Address {
  readonly name: string;
  /** To be called when the name is not needed any more. */
  release(): void;
}

/** Bytes of a socket path that every system takes (sun_path has 108 on Linux, 104 elsewhere, with a final zero). */
export const maxPathBytes = 103;

/** Long paths are reached through a descriptor of their folder. Throws what opening the folder throws. */
export function addressOf(path: string, fdFolder = '/proc/self/fd'): Address {
  const length = Buffer.byteLength(path);
  if (length <= maxPathBytes) return { name: path, release() {} };
  const shortest = Buffer.byteLength(`${fdFolder}/0000000/${basename(path)}`);
  if (shortest > maxPathBytes || !existsSync(fdFolder)) {
    throw new MusterError('EINVAL', `the socket path ${path} is too long: ${length} bytes, and this system takes ${maxPathBytes}`, {
      hint: 'Choose a shorter one with --state-dir.',
    });
  }
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    name: `${fdFolder}/${fd}/${basename(path)}`,
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
