import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';

/** The text of an interface file without its last line break; null if there is no such file. Throws what else is wrong. */
export function read(folder: string, file: string): string | null {
  try {
    return readFileSync(join(folder, file), 'utf8').trimEnd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV') return null;
    throw error;
  }
}

/** One value is one write. Throws what the kernel says, ENOENT where there is no such file. */
export function write(folder: string, file: string, value: string): void {
  writeFileSync(join(folder, file), `${value}\n`, { flag: 'r+' });
}

/** `EINVAL (invalid argument)` */
export function reasonOf(error: unknown): string {
  const { code, errno } = error as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words === undefined ? String(code ?? error) : `${code} (${words})`;
}
