import { createHash } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckoutPorts, checkoutFailure } from './checkout.ts';
import type { Places } from './places.ts';

/** Holds the checkout that is used to its commit. */
export interface Mending {
  /** It is as the commit has it now: git is asked again once something there has changed. */
  sees(revision: string, places: Places): Promise<void>;
  /** Brings files that were changed or removed back to what the commit says; others are left alone. Says whether there were any. */
  mend(revision: string, ports: CheckoutPorts): Promise<boolean>;
}

const unread = 'not to be read';

export function createMending(): Mending {
  let seen = '';
  const sees = async (revision: string, places: Places): Promise<void> => {
    seen = await stampOf(revision, places);
  };
  return {
    sees,
    async mend(revision, { places, run, signal, id }) {
      const now = await stampOf(revision, places);
      if (seen === now && now !== unread) return false;
      const index = join(places.temporary, `index-${id().replaceAll('/', '-')}`);
      const argv = ['git', `--git-dir=${places.mirror}`, `--work-tree=${join(places.checkouts, revision)}`];
      const git = (...args: string[]) => run({ argv: [...argv, ...args], env: { GIT_INDEX_FILE: index }, signal });
      const must = async (...args: string[]): Promise<void> => {
        const { code, stderr } = await git(...args);
        if (code !== 0) throw checkoutFailure(stderr);
      };
      try {
        await must('read-tree', revision);
        await git('update-index', '-q', '--refresh'); // exits 1 where something differs
        const { code } = await git('diff-files', '--quiet');
        if (code !== 0) await must('read-tree', '--reset', '-u', revision);
        await sees(revision, places);
        return code !== 0;
      } finally {
        await rm(index, { force: true });
      }
    },
  };
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
