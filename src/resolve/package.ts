import { dirname } from 'node:path';
import { canonicalJson } from '../model/canonical.ts';
import type { ConfigSet } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import { packageFields } from '../model/fields/command.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Entry, Reason } from '../model/module.ts';
import type { AskedPackage, InstalledPackage, PackageFields, PackagePin, Packages } from '../model/package.ts';
import { lockedFile, lockMismatch } from '../model/package-lock.ts';
import { packageModule } from '../model/package-spec.ts';
import type { Outcome, Parts, Pass } from './desire.ts';
import { digestSpec } from './digest.ts';
import { identityOf } from './identity.ts';

/** What an entry with a package comes to; with `staging` it is installed where it is not. Throws what is wrong with the package. */
export async function findPackage(module: string, spec: PackageSpec, outcome: Outcome, pass: Pass, parts: Parts): Promise<void> {
  const { packages } = parts;
  const asked: AskedPackage = { module: packageModule(module, spec), spec: spec.package, allowScripts: spec.allowScripts, pin: null };
  const pinned = { ...asked, pin: pinOf(asked, pass.lock) };
  const there = (await packages?.find(pinned)) ?? null;
  const isWhole = there !== null && there.lost !== true;
  const found = !isWhole || pass.staging?.fresh === true ? ((await staged(module, pinned, pass, packages)) ?? there) : there;
  outcome.notes = [];
  if (there?.lost === true) outcome.notes.push({ ...lostNote(spec.package, found?.lost === true), always: true });
  if (pass.lock !== null && pinned.pin === null && found?.pin != null) {
    const text = `${module} is not in muster.lock: what ${spec.package} gives may be another version elsewhere`;
    outcome.notes.push({ code: 'notLocked', text });
  }
  // Where packages cannot be looked at nothing is known of them.
  if (packages === null) return;
  if (found === null) {
    outcome.notes.push({ code: 'notInstalled', text: `${spec.package} is not installed yet; a run that is not dry installs it first` });
    return;
  }
  if (found.pin !== null) await refuseOutsider(outcome.spec as PackageSpec, found.name, parts);
  const { app } = spec;
  const names = found.programs.map((program) => program.app);
  // Of several programs one says what is to be said of all.
  if (app === undefined || app === names[0]) outcome.notes.push(...found.notes.map((text) => ({ code: 'package', text })));
  const program = app === undefined ? found.programs[0] : found.programs.find((each) => each.app === app);
  if (program === undefined) throw noApp(app ?? '', found.name, names);
  if (app === undefined && found.programs.length > 1) outcome.apps = names.filter((name) => name !== null);
  outcome.path = program.script;
  outcome.version = found.version;
  outcome.digest = found.digest;
  outcome.spec = settled(spec, program.fields);
  if (program.module) outcome.code = { file: program.script, build: await parts.codebase.build(program.script, pass.look) };
}

/** The state dir, in which it is installed, is closed to all but the daemon's own user. */
async function refuseOutsider(spec: PackageSpec, name: string, { accounts, self }: Parts): Promise<void> {
  const { identity, user } = await identityOf(spec, accounts, self);
  const uid = identity?.uid ?? self.uid;
  if (uid === self.uid || uid === 0) return;
  throw new MusterError('EPERM', `${user?.name ?? uid} cannot enter the state dir, in which ${name} is installed`, {
    hint: 'run it from a folder that this user can read: package: /PATH/OF/FOLDER',
  });
}

function lostNote(spec: string, isStill: boolean): Reason {
  if (isStill) return { code: 'lost', text: `files of ${spec} are gone from the state dir; a run that is not dry installs it again` };
  return { code: 'restored', text: `files of ${spec} were gone from the state dir; the same version is installed again` };
}

async function staged(module: string, asked: AskedPackage, { staging }: Pass, packages: Packages | null): Promise<InstalledPackage | null> {
  if (packages === null || staging === null) return null;
  const { only = module } = staging;
  return only === module || only.startsWith(`${module}.`) ? packages.stage(asked, staging) : null;
}

/** A lock that says another thing than the config is not to be guessed about. */
function pinOf({ module, spec }: AskedPackage, lock: Pass['lock']): PackagePin | null {
  if (lock instanceof MusterError) throw lock;
  if (lock === null || module === null) return null;
  const mismatch = lockMismatch(module, spec, lock);
  if (mismatch !== null) throw new MusterError('EREFUSED', mismatch.message, { hint: mismatch.hint });
  return lock.get(module) ?? null;
}

/** What the package says of fields holds where the config leaves them as they are by default. */
export function settled(spec: PackageSpec, fields: PackageFields): PackageSpec {
  const given = Object.entries(fields).filter(([name, value]) => {
    const now = spec[name as keyof PackageFields];
    return value !== undefined && canonicalJson(now) === canonicalJson(byDefault(name as keyof PackageFields));
  });
  if (given.length === 0) return spec;
  return { ...spec, ...Object.fromEntries(given), byPackage: given.map(([name]) => name as keyof PackageFields) };
}

/** As it was before its package had a say in it. */
export function unsettled(spec: PackageSpec): PackageSpec {
  const { byPackage = [], ...rest } = spec;
  return byPackage.length === 0
    ? spec
    : ({ ...rest, ...Object.fromEntries(byPackage.map((name) => [name, byDefault(name)])) } as PackageSpec);
}

function byDefault(name: keyof PackageFields): unknown {
  return packageFields[name].schema.parse(undefined);
}

function noApp(app: string, name: string, names: readonly (string | null)[]): MusterError {
  const known = names.filter((each) => each !== null);
  const there = known.length === 0 ? 'it has only one to run; leave `app` out' : `there are ${known.join(', ')}`;
  return new MusterError('ENOENT', `${name} has no app "${app}"`, { hint: there });
}

/** The lock beside the config. What comes from a repository is expected to have one, so that each machine runs the same. */
export async function lockOf(config: ConfigSet, packages: Packages | null): Promise<Pass['lock']> {
  const beside = lockedFile(config);
  if (beside === null || packages === null) return null;
  try {
    return (await packages.lock(dirname(beside))) ?? (config.source === null ? null : new Map());
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
}

/** The entries of several programs of one package, each a module of its own; the same objects for the same entry. */
export function createApps(): (entry: Entry, apps: readonly string[]) => readonly Entry[] {
  const made = new WeakMap<Entry, Map<string, Entry>>();
  return (entry, apps) => {
    const own = made.get(entry) ?? new Map<string, Entry>();
    made.set(entry, own);
    return apps.map((app) => {
      const known = own.get(app);
      if (known !== undefined) return known;
      const spec = Object.freeze({ ...(entry.spec as PackageSpec), app });
      const derived = Object.freeze({ ...entry, name: `${entry.name}.${app}`, spec, digest: digestSpec(entry.kind, spec) });
      own.set(app, derived);
      return derived;
    });
  };
}
