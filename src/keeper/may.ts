import { accessSync } from 'node:fs';

/** Whether this process may do that (`constants.X_OK` and the like) with a file. */
export function may(path: string, what: number): boolean {
  try {
    accessSync(path, what);
    return true;
  } catch {
    return false;
  }
}
