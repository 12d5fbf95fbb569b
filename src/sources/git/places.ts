import { join } from 'node:path';

/** What lies in the folder of a git source. */
export interface Places {
  readonly dir: string;
  /** Where the checkouts and the link are: the same, or a folder that other users can read. */
  readonly root: string;
  readonly isOpen: boolean;
  /** The repository as it was fetched, without files. */
  readonly mirror: string;
  /** One folder per revision, named by it, each whole. */
  readonly checkouts: string;
  /** What each of them consists of, a file for each, named alike. */
  readonly listings: string;
  /** The link to the checkout that is used. */
  readonly current: string;
  /** Who may sign, as git takes it. */
  readonly keys: string;
  /** What git keeps while it runs, and what is to be removed. */
  readonly temporary: string;
  readonly record: string;
}

export function placesIn(dir: string, checkoutDir: string | null = null): Places {
  const root = checkoutDir ?? dir;
  return {
    ...{ dir, root, isOpen: checkoutDir !== null },
    mirror: join(dir, 'mirror.git'),
    checkouts: join(root, 'checkouts'),
    listings: join(dir, 'listings'),
    current: join(root, 'current'),
    keys: join(dir, 'keys'),
    temporary: join(dir, 'tmp'),
    record: join(dir, 'record.json'),
  };
}

/** What the files in `keys` are called. */
export const keyFiles = { signers: 'allowed_signers', gnupg: 'gnupg' } as const;
