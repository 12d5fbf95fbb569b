import { constants } from 'node:fs';
import { join } from 'node:path';
import type { FindTool } from './launcher.ts';
import { may } from './may.ts';

const usual = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const found = new Map<string, string>();

/** Looks along the daemon's own PATH, and where such tools usually are. One that is missing is looked for again. */
export const findTool = (name: Parameters<FindTool>[0] | 'sleep'): string | null => {
  const known = found.get(name);
  if (known !== undefined) return known;
  const folders = [...(process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/')), ...usual];
  const path = folders.map((folder) => join(folder, name)).find((path) => may(path, constants.X_OK));
  if (path !== undefined) found.set(name, path);
  return path ?? null;
};
