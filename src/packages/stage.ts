import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { AskedPackage, PackagePin, Staging } from '../model/package.ts';
import { saveCommand } from '../model/package-lock.ts';
import { exactly, moduleNameOf, packageSpecKind } from '../model/package-spec.ts';
import { manifestText } from './in-place.ts';
import type { Install, Installs } from './installs.ts';
import type { Npm } from './npm.ts';
import { type PackageLook, type PreflightOptions, preflight } from './preflight.ts';
import { syncFiles } from './sync.ts';

export interface StagePorts extends Pick<PreflightOptions, 'look' | 'node' | 'nodeVersion' | 'cpus'> {
  readonly npm: Npm;
  readonly installs: Installs;
  /** What was there and is gone: it comes back to its place. */
  readonly again?: Install;
  now(): number;
}

/**
 * Installs a package into a folder that nobody knows, looks whether it can run, and only then gives it its place. Whatever keeps
 * it from that, nothing is left.
 */
export async function stagePackage(asked: AskedPackage, key: string, staging: Staging, ports: StagePorts): Promise<Install> {
  const { npm, installs, again } = ports;
  const { signal } = staging;
  staging.progress?.(again === undefined ? `npm install ${asked.spec}` : `npm install ${exactSpec(asked)}, whose files are gone`);
  const prefix = await installs.begin().catch((error: unknown) => {
    throw noRoom(error);
  });
  try {
    await writeFile(join(prefix, 'package.json'), '{"name": "installed-by-muster", "private": true}\n');
    await npm.install({ prefix, spec: exactSpec(asked), signal, scripts: asked.allowScripts });
    const taken = await takenBy(prefix, asked.spec);
    refuseOther(asked, taken, again !== undefined);
    const module = asked.module ?? (moduleNameOf(taken.name) || 'package');
    const digest = digestOf(taken, asked.allowScripts);
    const same = installs.last(module, (install) => install.key === key && install.digest === digest);
    if (same !== null && again === undefined && (await isWhole(same))) {
      installs.take(same, ports.now());
      return same;
    }
    const at = ports.now();
    const place = again?.prefix ?? installs.place(module, `${safe(taken.pin.version)}-${digest.slice(0, 12)}-${at.toString(36)}`);
    const folder = join(place, 'node_modules', taken.name);
    const staged = join(prefix, 'node_modules', taken.name);
    const { name, version, programs, notes } = preflight({
      ...{ folder, node: ports.node, nodeVersion: ports.nodeVersion, cpus: ports.cpus, look: movedLook(ports.look, place, prefix) },
      manifest: await manifestText(staged),
    });
    const { pin } = taken;
    const all = [...(asked.allowScripts ? [] : skipped(taken.withScripts)), ...notes];
    const install = { key, prefix: place, folder, at, digest, name, version, programs, notes: all, pin };
    await writeFile(join(prefix, 'package.json'), rangeOf(asked.spec, taken.name));
    await syncFiles(prefix);
    await installs.enter(prefix, install);
    return install;
  } catch (error) {
    throw noRoom(error);
  } finally {
    await rm(prefix, { recursive: true, force: true });
  }
}

interface Taken {
  /** Under which npm has it. */
  readonly name: string;
  readonly pin: PackagePin;
  /** Packages that have install scripts. */
  readonly withScripts: readonly string[];
}

/** What npm took, as its lockfile says. */
async function takenBy(prefix: string, spec: string): Promise<Taken> {
  const own = JSON.parse(await readFile(join(prefix, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
  const lock = JSON.parse(await readFile(join(prefix, 'package-lock.json'), 'utf8')) as { packages?: Record<string, Locked> };
  const name = Object.keys(own.dependencies ?? {})[0];
  const locked = name === undefined ? undefined : lock.packages?.[`node_modules/${name}`];
  if (name === undefined || locked === undefined) throw new MusterError('EFAILED', `npm installed nothing for ${spec}`);
  const { version = '0.0.0', integrity = null, resolved = null } = locked;
  const scripts = Object.entries(lock.packages ?? {}).flatMap(([path, { hasInstallScript }]) => (hasInstallScript === true ? [path] : []));
  const from = resolved === null || resolved.startsWith('file:') ? null : resolved.replace(/\/\/[^/@]+@/, '//');
  return { name, pin: { version, integrity, resolved: from }, withScripts: scripts.map(packageOf) };
}

function skipped(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const whose = names.length === 1 ? `the install script of ${names[0]} was` : `the install scripts of ${names.join(', ')} were`;
  return [`${whose} skipped; allowScripts: true runs ${names.length === 1 ? 'it' : 'them'}`];
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

function packageOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** With a pin the very version, or the very commit. */
function exactSpec({ spec, pin }: AskedPackage): string {
  const kind = packageSpecKind(spec);
  if (pin === null) return spec;
  if (kind.kind === 'registry') return exactly(kind, pin.version);
  return kind.kind === 'git' && pin.resolved !== null ? pin.resolved : spec;
}

function refuseOther({ module, spec, pin }: AskedPackage, { pin: found }: Taken, isAgain: boolean): void {
  if (pin === null) return;
  const differs =
    pin.version !== found.version || pin.integrity !== found.integrity || (pin.integrity === null && pin.resolved !== found.resolved);
  if (!differs) return;
  const was = pin.integrity ?? pin.resolved ?? pin.version;
  const is = found.integrity ?? found.resolved ?? found.version;
  const whose = isAgain ? 'was installed' : 'muster.lock pins';
  const take = isAgain || module === null ? `muster install ${spec}` : saveCommand(module, spec);
  throw new MusterError('EPERM', `${spec} is not what ${whose}: ${pin.version} ${was}; found ${found.version} ${is}`, {
    hint: `find out why; to take it: ${take}`,
  });
}

function digestOf({ name, pin }: Taken, scripts: boolean): string {
  const { version, integrity, resolved } = pin;
  return createHash('sha256')
    .update(['muster package 1', name, version, integrity ?? resolved ?? '', String(scripts)].join('\n'))
    .digest('hex');
}

/** Whether what is installed can still run. */
async function isWhole({ folder, programs }: Install): Promise<boolean> {
  try {
    JSON.parse(await manifestText(folder));
    for (const { script } of programs) await readFile(script);
    return true;
  } catch {
    return false;
  }
}

/** Looks at what is staged as at what it will be. */
function movedLook(look: PackageLook, place: string, prefix: string): PackageLook {
  const moved = (path: string): string => (path.startsWith(place) ? prefix + path.slice(place.length) : path);
  return {
    isFile: (path) => look.isFile(moved(path)),
    begin: (path) => look.begin(moved(path)),
    exportsOf: (path) => look.exportsOf(moved(path)),
  };
}

/** So that `npm outdated` asks for what the config says, and not for what was found. */
function rangeOf(spec: string, name: string): string {
  const kind = packageSpecKind(spec);
  const wanted = kind.kind === 'registry' && kind.range !== '' ? kind.range : kind.kind === 'registry' ? 'latest' : spec;
  return `${JSON.stringify({ name: 'installed-by-muster', private: true, dependencies: { [name]: wanted } })}\n`;
}

function safe(version: string): string {
  return version.replace(/[^\w.+-]/g, '-').slice(0, 40);
}

function noRoom(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof MusterError || (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG')) return error;
  return new MusterError('ENOSPC', `there is no room to install it: ${message}`, { cause: error });
}
