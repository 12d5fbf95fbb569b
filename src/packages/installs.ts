import { rmSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { InstalledPackage } from '../model/package.ts';
import type { Log } from '../model/ports.ts';
import { foldersIn, readRecords, syncFolder, writeRecord } from './install-records.ts';

/** What is known of one installation. */
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

/**
 * Installed packages in the state dir: `NAME/ID/`, each a prefix of npm. What it is stands in `.records/NAME/ID.json`, so that one
 * whose folder somebody has removed can be installed again as it was.
 */
export interface Installs {
  /** The one that was made last for this, its files there or not. */
  last(module: string, fits: (install: Install) => boolean): Install | null;
  /** The one that a path lies in, its files there or not. */
  of(path: string): Install | null;
  any(): boolean;
  /** A run of this daemon goes on with it: it is not pruned from under that. */
  take(install: Install, now: number): void;
  /** A folder to install into, which is gone with the next start of a daemon if it is not entered. */
  begin(): Promise<string>;
  /** Enters what was staged under its place; whole or not at all, also over a power cut. */
  enter(staged: string, install: Install): Promise<void>;
  place(module: string, id: string): string;
  prune(wanted: ReadonlySet<string>, done: ReadonlySet<string>, now: number): Promise<void>;
}

const stagingFolder = '.staging';
const recordsFolder = '.records';
const youngMs = 600_000; // no run takes that long from its staging to its last start, but for a module that hangs

/** `dir`: `packages/` in the state dir. What an earlier daemon left half done is removed. */
export function openInstalls(dir: string, log: Log): Installs {
  rmSync(join(dir, stagingFolder), { recursive: true, force: true });
  const known = readRecords(dir, recordsFolder);
  for (const prefix of foldersIn(dir).flatMap((module) => foldersIn(join(dir, module)).map((id) => join(dir, module, id)))) {
    if (known.has(prefix)) continue;
    log.warn({ folder: prefix }, 'a package without its record is removed');
    rmSync(prefix, { recursive: true, force: true });
  }
  /** When it was taken last by a run of this daemon, which may not be through with it. */
  const taken = new Map<string, number>();
  const recordOf = (prefix: string): string => `${join(dir, recordsFolder, relative(dir, prefix))}.json`;

  return {
    last(module, fits) {
      const own = [...known.values()].filter(({ prefix }) => dirname(prefix) === join(dir, module));
      return own.filter(fits).sort((a, b) => b.at - a.at)[0] ?? null;
    },
    of: (path) => [...known.values()].find(({ prefix }) => path.startsWith(prefix + sep)) ?? null,
    any: () => known.size > 0,
    take: ({ prefix }, now) => void taken.set(prefix, now),
    async begin() {
      await mkdir(join(dir, stagingFolder), { recursive: true, mode: 0o700 });
      return mkdtemp(join(dir, stagingFolder, 'npm-'));
    },
    async enter(staged, install) {
      const { prefix } = install;
      try {
        await writeRecord(recordOf(prefix), install);
        await mkdir(dirname(prefix), { recursive: true, mode: 0o700 });
        await rm(prefix, { recursive: true, force: true });
        await rename(staged, prefix);
        await syncFolder(dirname(prefix));
      } catch (error) {
        if (!known.has(prefix)) await removeFolder(recordOf(prefix));
        throw error;
      }
      known.set(prefix, install);
      taken.set(prefix, install.at);
    },
    place: (module, id) => join(dir, module, id),
    async prune(wanted, done, now) {
      const has = (paths: ReadonlySet<string>, prefix: string): boolean => [...paths].some((path) => path.startsWith(prefix + sep));
      for (const prefix of [...known.keys()]) {
        const isYoung = now - (taken.get(prefix) ?? Number.NEGATIVE_INFINITY) < youngMs;
        if (has(wanted, prefix) || (isYoung && !has(done, prefix))) continue;
        known.delete(prefix);
        taken.delete(prefix);
        await removeFolder(prefix);
        await removeFolder(recordOf(prefix));
      }
    },
  };
}

/** With the folder above, if nothing else is in that. */
async function removeFolder(prefix: string): Promise<void> {
  await rm(prefix, { recursive: true, force: true });
  const left = await readdir(dirname(prefix)).catch(() => ['']);
  if (left.length === 0) await rm(dirname(prefix), { recursive: true, force: true });
}

/** Whether what runs of it is there. */
export function isThere({ folder, programs }: InstalledFiles): boolean {
  const files = [join(folder, 'package.json'), ...programs.map(({ script }) => script)];
  return files.every((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

type InstalledFiles = Pick<Install, 'folder' | 'programs'>;
