import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { InstalledPackage } from '../model/package.ts';
import { packageFiles } from './files.ts';
import type { Preflight, PreflightOptions } from './preflight.ts';
import { preflight } from './preflight.ts';

type World = Pick<PreflightOptions, 'look' | 'node' | 'nodeVersion' | 'cpus'>;

export interface InPlacePackages {
  /** Throws what keeps the package in the folder from running. */
  at(folder: string): Promise<InstalledPackage>;
  watched(folder: string): Promise<readonly string[]>;
}

/** Packages that run where they are, as while they are being written: nothing is copied and npm is not asked. */
export function createInPlace(world: World): InPlacePackages {
  /** Digests of files, read again only where the file's stat differs. */
  const known = new Map<string, { readonly key: string; readonly sha256: string }>();

  async function digestOf(path: string): Promise<string> {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return '';
    const key = `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
    const before = known.get(path);
    if (before?.key === key) return before.sha256;
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    // A file may be written twice within one tick of the file system's clock.
    if (Date.now() - Math.max(stats.mtimeMs, stats.ctimeMs) > tickMs) known.set(path, { key, sha256 });
    return sha256;
  }

  return {
    async at(folder) {
      const found = await read(folder, world);
      refuseMissing(found, folder);
      const { files } = await packageFiles(folder);
      const hash = createHash('sha256');
      for (const file of files) hash.update(`${file.slice(folder.length)}\0${await digestOf(file)}\n`);
      const { name, version, programs, notes } = found;
      return { digest: hash.digest('hex'), name, version, programs, notes, pin: null };
    },
    async watched(folder) {
      const { files, folders } = await packageFiles(folder);
      return [...files, ...folders];
    },
  };
}

const tickMs = 50;

async function read(folder: string, world: World): Promise<Preflight> {
  return preflight({ ...world, folder, manifest: await manifestText(folder) });
}

/** The text of its package.json. */
export async function manifestText(folder: string): Promise<string> {
  const file = join(folder, 'package.json');
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new MusterError('EIO', `${file} cannot be read: ${(cause as Error).message}`, { cause });
    }
    throw new MusterError('ENOENT', `${folder} is no package: there is no package.json`, {
      hint: `npm init there; for a git repository write git+file://${folder}`,
    });
  }
}

/** It would only fail at its first `require`. */
function refuseMissing({ name, dependencies }: Preflight, folder: string): void {
  const missing = dependencies.filter((dependency) => !isInstalled(dependency, folder));
  if (missing.length === 0) return;
  throw new MusterError('ENOENT', `${name} needs ${missing.join(', ')}, not installed in ${folder}`, {
    hint: `npm install --prefix ${folder}`,
  });
}

/** There or in a folder above, as Node looks for it. */
function isInstalled(dependency: string, folder: string): boolean {
  if (statSync(join(folder, 'node_modules', dependency), { throwIfNoEntry: false }) !== undefined) return true;
  return dirname(folder) !== folder && isInstalled(dependency, dirname(folder));
}
