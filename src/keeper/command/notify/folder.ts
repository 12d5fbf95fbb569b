import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a socket may be called at most, less what follows the folder. */
const longestFolder = 80;

/**
 * A folder for the sockets of one daemon: short, since a socket's path may have 107 bytes and a state dir is as long as it likes,
 * and open to enter, since a module may run as another user. The same daemon gets the same again.
 */
export function socketFolder(owner: string, env: NodeJS.ProcessEnv = process.env): string {
  const name = `muster-${createHash('sha256').update(owner).digest('hex').slice(0, 12)}`;
  const bases = process.getuid?.() === 0 ? ['/run', '/tmp'] : [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp'];
  for (const base of bases) {
    const folder = base === undefined ? null : join(base, name);
    if (folder !== null && folder.length <= longestFolder && isOurs(folder)) return folder;
  }
  throw new Error(`no folder for the sockets of sd_notify: ${bases.join(', ')}`);
}

/** Unless somebody has taken it over; what receives does the same where nobody is left to call this. */
export function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is gone already, or in use.
  }
}

/** Made, or found as our own: in /tmp somebody else may have been there before. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: false, mode: 0o711 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const stats = lstatSync(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
  chmodSync(folder, 0o711);
  return true;
}
