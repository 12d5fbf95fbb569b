import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

/**
 * What the ids of all leases of a state dir begin with: what a dead daemon left running is known by it, whatever became
 * of the journal. From the key, which is a file of its own, and from the place, for a copy of a state dir is another one.
 */
export async function leaseOwner(key: string, stateDir: string): Promise<string> {
  const digest = createHash('sha256')
    .update(`leases ${key} ${await realpath(stateDir)}`)
    .digest('hex');
  return `${digest.slice(0, 16)}/`;
}
