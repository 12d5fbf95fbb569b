import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { InstalledPackage } from '../model/package.ts';
import type { Log } from '../model/ports.ts';

/** What is known of one installation, as its folder says it. */
export interface Install extends InstalledPackage {
  /** Equal where the same is asked for. */
  readonly key: string;
  /** The prefix of npm. */
  readonly prefix: string;
  /** The package in it. */
  readonly folder: string;
  /** ms since the epoch */
  readonly at: number;
}

/** Installed packages in the state dir: `NAME/ID/`, each a prefix of npm with a record of what it is. */
export interface Installs {
  /** The one that was made last for this. */
  last(module: string, fits: (install: Install) => boolean): Install | null;
  /** The one that a path lies in. */
  of(path: string): Install | null;
  /** A folder to install into, which is gone with the next start of a daemon if it is not entered. */
  begin(): Promise<string>;
  /** Enters what was staged under its place; whole or not at all, also over a power cut. */
  enter(staged: string, install: Install): Promise<void>;
  place(module: string, id: string): string;
  prune(wanted: ReadonlySet<string>, done: ReadonlySet<string>, now: number): Promise<void>;
}

const stagingFolder = '.staging';
const recordFile = 'install.json';
const youngMs = 600_000; // no run takes that long from its staging to its last start, but for a module that hangs

/** `dir`: `packages/` in the state dir. What an earlier daemon left half done is removed. */
export function openInstalls(dir: string, log: Log): Installs {
  rmSync(join(dir, stagingFolder), { recursive: true, force: true });
  const known = new Map<string, Install>();
  for (const module of foldersIn(dir)) {
    for (const id of foldersIn(join(dir, module))) {
      const prefix = join(dir, module, id);
      const install = recordIn(prefix);
      if (install !== null) known.set(prefix, { ...install, prefix });
      else log.warn({ folder: prefix }, 'a package without its record is not used');
    }
  }

  return {
    last(module, fits) {
      const own = [...known.values()].filter(({ prefix }) => dirname(prefix) === join(dir, module) && isThere(prefix));
      return own.filter(fits).sort((a, b) => b.at - a.at)[0] ?? null;
    },
    of: (path) => [...known.values()].find(({ prefix }) => path.startsWith(prefix + sep)) ?? null,
    async begin() {
      await mkdir(join(dir, stagingFolder), { recursive: true, mode: 0o700 });
      return mkdtemp(join(dir, stagingFolder, 'npm-'));
    },
    async enter(staged, install) {
      const file = await open(join(staged, recordFile), 'wx', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(install)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(dirname(install.prefix), { recursive: true, mode: 0o700 });
      await rename(staged, install.prefix);
      await syncFolder(dirname(install.prefix));
      known.set(install.prefix, install);
    },
    place: (module, id) => join(dir, module, id),
    async prune(wanted, done, now) {
      const has = (paths: ReadonlySet<string>, prefix: string): boolean => [...paths].some((path) => path.startsWith(prefix + sep));
      for (const [prefix, { at }] of known) {
        if (has(wanted, prefix) || (now - at < youngMs && !has(done, prefix))) continue;
        known.delete(prefix);
        await rm(prefix, { recursive: true, force: true });
        const left = await readdir(dirname(prefix)).catch(() => ['']);
        if (left.length === 0) await rm(dirname(prefix), { recursive: true, force: true });
      }
    },
  };
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((item) =>
      item.isDirectory() && !item.name.startsWith('.') ? [item.name] : [],
    );
  } catch {
    return [];
  }
}

function recordIn(prefix: string): Install | null {
  try {
    const record = JSON.parse(readFileSync(join(prefix, recordFile), 'utf8')) as Install;
    return Array.isArray(record.programs) && record.programs.length > 0 ? record : null;
  } catch {
    return null;
  }
}

function isThere(prefix: string): boolean {
  return statSync(prefix, { throwIfNoEntry: false }) !== undefined;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
