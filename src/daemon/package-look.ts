import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { PackageLook } from '../packages/preflight.ts';
import { exportsIn } from '../resolve/exports.ts';

const beginBytes = 256;

/** The file system as a preflight of packages sees it. */
export const packageLook: PackageLook = {
  isFile(path) {
    try {
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },
  begin(path) {
    try {
      const fd = openSync(path, 'r');
      try {
        const bytes = Buffer.alloc(beginBytes);
        return bytes.toString('latin1', 0, readSync(fd, bytes, 0, beginBytes, 0));
      } finally {
        closeSync(fd);
      }
    } catch {
      return '';
    }
  },
  exportsOf(path) {
    try {
      return exportsIn(readFileSync(path, 'utf8'));
    } catch {
      return [];
    }
  },
};
