import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { withPackage } from '../config/save-entry.ts';
import type { SavedEntry } from '../engine/ports.ts';
import type { ConfigSet } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { AskedPackage, LockedPackage, Packages } from '../model/package.ts';
import { lockedFile, lockName } from '../model/package-lock.ts';
import { packageSpecKind, withAbsolutePath } from '../model/package-spec.ts';
import { lockText } from '../packages/lock.ts';
import type { UnfinishedSaves, Written } from './unfinished-saves.ts';

/**
 * Writes a package into the config file that declares it, or into the first one, and what it was resolved to into the lock
 * beside that. Whole or not at all, each of them.
 */
export async function savePackage(
  module: string,
  entry: Readonly<Record<string, unknown>>,
  config: ConfigSet,
  packages: Packages,
  unfinished: UnfinishedSaves,
): Promise<SavedEntry> {
  refuseSourced(config);
  if (config.source !== null) {
    const message = `the config comes from ${config.source.git.url}, which is not written to`;
    throw new MusterError('ENOTSUP', message, { hint: 'declare the package there, or install it without --save' });
  }
  const { package: spec, allowScripts = false } = entry as { package: string; allowScripts?: boolean };
  const file = config.modules.get(module)?.source.file ?? config.files[0]?.path;
  const first = config.files[0]?.path;
  if (file === undefined || first === undefined) throw new MusterError('ENOENT', 'there is no config file to write to');
  const text = await readFile(file, 'utf8');
  const said = withAbsolutePath(spec, (path) => asWritten(dirname(file), path));
  const written: Written[] = [
    { path: file, before: text, after: withPackage(text, { file, name: module, entry: { ...entry, package: said } }) },
  ];
  const lock = await lockWith({ module, spec, allowScripts, pin: null }, dirname(first), packages);
  if (lock !== null) written.push(lock);
  const done: Written[] = [];
  const keep = await unfinished.begin(written);
  const undo = async (): Promise<void> => {
    for (const each of done.splice(0).reverse()) await putBack(each);
    await keep();
  };
  try {
    for (const each of written) {
      await writeWhole(each.path, each.after);
      done.push(each);
    }
  } catch (error) {
    await undo();
    throw error;
  }
  return { undo, keep };
}

/** What a repository says is changed there. */
function refuseSourced({ source }: ConfigSet): void {
  if (source === null) return;
  throw new MusterError('EREFUSED', `modules, and ${lockName}, come from ${source.git.path} of ${source.git.url}`, {
    hint: 'install it with --save in a checkout of that, and push it',
  });
}

/** The lock of all that is declared: what is in it as declared stays; `unlocked` are those that are not. */
export async function lockOfAll(config: ConfigSet, packages: Packages) {
  const folder = dirname(lockedFile(config) ?? '.');
  const now = (await packages.lock(folder)) ?? new Map<string, LockedPackage>();
  const lock = new Map<string, LockedPackage>();
  const unlocked: string[] = [];
  for (const [name, { entry }] of config.modules) {
    if (entry.kind !== 'package' || entry.spec.disabled) continue;
    const { package: spec, allowScripts } = entry.spec as PackageSpec;
    const locked = now.get(name);
    const found = locked?.spec === spec ? null : await packages.find({ module: name, spec, allowScripts, pin: null });
    if (locked?.spec === spec) lock.set(name, locked);
    else if (found === null || found.pin !== null) unlocked.push(name);
    if (found?.pin != null) lock.set(name, { spec, ...found.pin });
  }
  const path = join(folder, lockName);
  const write = (): Promise<void> => {
    refuseSourced(config);
    return writeWhole(path, lockText(lock, folder));
  };
  return { unlocked, write };
}

/** Null where nothing is to be pinned: a folder is what it is. */
async function lockWith(asked: AskedPackage & { readonly module: string }, folder: string, packages: Packages): Promise<Written | null> {
  const found = await packages.find(asked);
  if (found === null || found.pin === null) return null;
  const { version, integrity, resolved } = found.pin;
  const locked: LockedPackage = { spec: asked.spec, version, integrity, resolved };
  const path = join(folder, lockName);
  const before = await readFile(path, 'utf8').catch(() => null);
  const lock = new Map(await packages.lock(folder)).set(asked.module, locked);
  return { path, before, after: lockText(lock, folder) };
}

/** As it stands in a config: relative to that, where it lies beside or below it. */
function asWritten(folder: string, path: string): string {
  const way = relative(folder, path);
  const near = way === '' ? '.' : `./${way}`;
  return way.startsWith('..') || packageSpecKind(near).kind !== 'local' ? path : near;
}

async function putBack({ path, before, after }: Written): Promise<void> {
  const now = await readFile(path, 'utf8').catch(() => null);
  if (now === after) await writeOrRemove(path, before);
}

/** Null: there is to be no such file. */
export function writeOrRemove(path: string, text: string | null): Promise<void> {
  return text === null ? rm(path, { force: true }) : writeWhole(path, text);
}

async function writeWhole(path: string, text: string): Promise<void> {
  const real = await realpath(path).catch(() => path);
  const mode = (await stat(real).catch(() => null))?.mode ?? 0o644;
  const temporary = `${real}.muster-${process.pid}~`;
  try {
    const file = await open(temporary, 'wx', mode & 0o777);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, real);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new MusterError('EIO', `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
