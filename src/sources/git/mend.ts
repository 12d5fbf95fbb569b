import { createHash } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckoutPorts, checkoutFailure } from './checkout.ts';
import { isAsListed, keepListing, readListing } from './listing.ts';
import { openFiles } from './open-folder.ts';
import type { Places } from './places.ts';
import type { TreeFile } from './tree.ts';

export interface MendPorts extends CheckoutPorts {
  /** What the commit has, from the mirror. */
  files(): Promise<readonly TreeFile[]>;
  /** There is a git to work with, and a mirror. */
  ready(): Promise<void>;
}

/** Holds the checkout that is used to its commit. */
export interface Mending {
  /** It is as the commit has it now: it is compared again once something there has changed. */
  sees(revision: string, places: Places): Promise<void>;
  /**
   * Brings files that were changed or removed back to what the commit says; others are left alone. Says whether there were any. Throws
   * where they cannot be brought back, and where nobody can tell whether there are any.
   */
  mend(revision: string, ports: MendPorts): Promise<boolean>;
}

const unread = 'not to be read';

export function createMending(): Mending {
  let seen = '';
  const sees = async (revision: string, places: Places): Promise<void> => {
    seen = await stampOf(revision, places);
  };
  return {
    sees,
    async mend(revision, ports) {
      const { places, run, signal, id } = ports;
      const now = await stampOf(revision, places);
      if (seen === now && now !== unread) return false;
      const folder = join(places.checkouts, revision);
      const listing = await listingOf(revision, ports);
      if (await isAsListed(folder, listing)) {
        seen = now;
        return false;
      }
      await ports.ready();
      const index = join(places.temporary, `index-${id().replaceAll('/', '-')}`);
      try {
        const argv = ['git', `--git-dir=${places.mirror}`, `--work-tree=${folder}`, 'read-tree', '--reset', '-u', revision];
        const { code, stderr } = await run({ argv, env: { GIT_INDEX_FILE: index }, signal });
        if (code !== 0) throw checkoutFailure(stderr);
      } finally {
        await rm(index, { force: true });
      }
      if (places.isOpen) await openFiles(folder, listing);
      await sees(revision, places);
      return true;
    },
  };
}

async function listingOf(revision: string, { places, files, ready, id }: MendPorts): Promise<readonly TreeFile[]> {
  const kept = await readListing(revision, places);
  if (kept !== null) return kept;
  await ready();
  const listed = await files();
  await keepListing(revision, listed, places, id());
  return listed;
}

/** Another one where anything there was written, replaced or removed. */
async function stampOf(revision: string, { checkouts }: Places): Promise<string> {
  const hash = createHash('sha256');
  const look = async (folder: string): Promise<void> => {
    for (const item of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, item.name);
      const { ino, mode, size, mtimeMs, ctimeMs } = await lstat(path);
      hash.update(item.isDirectory() ? `${path}\n` : `${path} ${ino} ${mode} ${size} ${mtimeMs} ${ctimeMs}\n`);
      if (item.isDirectory()) await look(path);
    }
  };
  const whole = await look(join(checkouts, revision)).then(
    () => true,
    () => false,
  );
  return whole ? `${revision} ${hash.digest('hex')}` : unread;
}
