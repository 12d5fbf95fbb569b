import { readFile } from 'node:fs/promises';
import { MusterError } from '../model/error.ts';

/** The number of a group, by name or as a number. */
export async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const lines = (await readFile('/etc/group', 'utf8')).split('\n');
  const line = lines.find((candidate) => candidate.startsWith(`${group}:`));
  if (line === undefined) throw new MusterError('ENOENT', `there is no group ${group}`);
  return Number(line.split(':')[2]);
}
