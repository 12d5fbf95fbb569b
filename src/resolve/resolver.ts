import { deepFreeze } from '../model/canonical.ts';
import type { ConfigSet } from '../model/config-set.ts';
import type { Position } from '../model/diagnostic.ts';
import type { Environment } from '../model/environment.ts';
import type { SecretRef } from '../model/fields/kit.ts';
import type { CodeSpec, PackageSpec, Spec } from '../model/fields/table.ts';
import type { Material } from '../model/instances.ts';
import type { Identity } from '../model/keeper.ts';
import type { Desired, Entry, LoadedRecord } from '../model/module.ts';
import type { Packages, Staging } from '../model/package.ts';
import type { Log } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { createAccounts } from './accounts.ts';
import { afresh, codeFiles } from './afresh.ts';
import { createCodebase } from './code.ts';
import { createCodeStore } from './code-store.ts';
import { createCompiler } from './compile.ts';
import { desire, type Parts, type Pass, type Resolution, startPass, stillHolds } from './desire.ts';
import { digestSpec } from './digest.ts';
import { createFileDigests, lookOnce } from './files.ts';
import { materialOf } from './material.ts';
import { createApps, lockOf } from './package.ts';
import type { Problem } from './problem.ts';
import { recall } from './recall.ts';
import { withFingerprints } from './secret-places.ts';
import type { SecretProgram } from './secret-program.ts';
import { createSecrets } from './secrets.ts';
import { createSettled, type SettingsOf, sealedValue, secretPlaces } from './settings.ts';

/** Asks the world what a plan must know and only the world can tell: digests of code, fingerprints of secrets. */
export interface Resolver {
  /** Never rejects for the fault of a module: that is the `problem` of its Desired. With `staging` packages are installed that are not. */
  resolve(config: ConfigSet, staging?: Staging | null): Promise<ReadonlyMap<string, Desired>>;
  /** For commands on one module. */
  resolveOne(entry: Entry, source: Position | null, modulePath: readonly string[]): Promise<Desired>;
  /** The modules of one package: one for each program that it has. */
  resolvePackage(entry: Entry, of: Pick<Pass, 'lock' | 'staging'>): Promise<readonly Desired[]>;
  /** The same module, in all that the world says of it, with other fields than the declared ones. */
  respec(desired: Desired, spec: Spec): Promise<Desired>;
  /** The same module with these settings over its config; null: none. */
  withSettings(desired: Desired, settings: Settings | null): Promise<Desired>;
  /** A value that is to be set, as it may be kept. Throws EINVAL for what is no reference to a secret and looks like one. */
  sealed(path: readonly string[], value: unknown): unknown;
  /** The config that a package brings along. Throws what is wrong with it. */
  defaults(record: LoadedRecord): Promise<Readonly<Record<string, unknown>>>;
  /** A loaded module, of its own spec, with the code that its files hold now. Throws what is wrong with that. */
  afresh(record: LoadedRecord): Promise<Desired>;
  /** The files that the code of these modules is made of, to be watched; never rejects. */
  codeFiles(modules: readonly LoadedRecord[]): Promise<readonly string[]>;
  /** What a start of it needs: values of secrets, the environment, the code in the state dir. */
  material(desired: Desired): Promise<Material>;
  /** The same for a module out of the journal or an old generation. */
  restoreMaterial(record: LoadedRecord): Promise<Material>;
  /** A module of an old generation as it was: its code, and its secrets as far as they are known. Never rejects. */
  recall(record: LoadedRecord): Promise<Desired>;
  /** The value of a secret that is no module's; not to be shown from then on. */
  secret(ref: SecretRef): Promise<string>;
  /** Removes compiled code that nobody can go back to: neither loaded nor of a generation that is kept. */
  pruneCode(wanted: ReadonlySet<string>): Promise<void>;
  /** Values that must not be shown, for masking output. */
  knownSecrets(): readonly string[];
  dispose(): Promise<void>;
}

export interface ResolverOptions {
  /** `code/` in the state dir. */
  codeDir: string;
  /** Of fingerprints of secrets. */
  key: Uint8Array | string;
  /** The daemon's own environment. */
  env: Environment;
  builtinDir: string;
  log: Log;
  /** What this machine cannot do of what a module asks for; without it that is found at its start. */
  unable?(spec: Spec, identity: Identity | null): Problem | null;
  /** Reads secrets from programs; without it none is run. */
  secretProgram?: SecretProgram | null;
  /** Without it no package is known to be installed. */
  packages?: Packages | null;
  /** Without it nothing is set. */
  settingsOf?: SettingsOf;
}

/** Modules asked about at a time. */
const concurrency = 16;

export function createResolver(options: ResolverOptions): Resolver {
  const { codeDir, key, env, builtinDir, log, unable = () => null, packages = null, settingsOf = () => undefined } = options;
  const { secretProgram: program = null } = options;
  const compiler = createCompiler({ stat: (path) => lookOnce().stat(path) });
  const store = createCodeStore(codeDir);
  const digests = createFileDigests();
  const parts: Parts = {
    env,
    builtinDir,
    codebase: createCodebase(compiler, digests),
    digests,
    secrets: createSecrets({ key, env, program }),
    accounts: createAccounts(),
    unable,
    packages,
    self: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  };
  // By identity: an entry is the same object for as long as its text means the same.
  const resolutions = new WeakMap<Entry, Resolution>();
  const made = new WeakMap<Desired, Resolution>();
  const appsOf = createApps();
  const settled = createSettled(settingsOf);
  // Entry files of modules that the config may not declare; their builds are kept like those that it does.
  let watched: ReadonlySet<string> = new Set();

  async function resolveEntry(entry: Entry, pass: Pass): Promise<Resolution> {
    const known = resolutions.get(entry);
    const found = await desire(entry, pass, parts);
    const resolved = known !== undefined && isSame(known.desired, found.desired) ? { ...found, desired: known.desired } : found;
    resolutions.set(entry, resolved);
    const { codeDigest } = resolved.desired;
    // What is in the state dir already, as after a restart of the daemon, need not stay in memory.
    if (resolved.code?.build.output != null && codeDigest !== null && (await store.has(codeDigest))) resolved.code.build.output = null;
    if (resolved.desired.problem !== undefined) log.debug({ module: entry.name, problem: resolved.desired.problem }, 'module unresolvable');
    return resolved;
  }

  /** The same object as before wherever only a place in a file could differ and does not. */
  function placed(entry: Entry, resolved: Resolution, source: Position | null): Desired {
    if (samePlace(resolved.desired.source, source)) return remember(resolved.desired, resolved);
    const desired = Object.freeze({ ...resolved.desired, source });
    const moved = { ...resolved, desired };
    resolutions.set(entry, moved);
    return remember(desired, moved);
  }
  function remember(desired: Desired, resolved: Resolution): Desired {
    made.set(desired, resolved);
    return desired;
  }

  function respec(desired: Desired, spec: Spec): Desired {
    const other = deepFreeze({ ...desired, spec, specDigest: digestSpec(desired.kind, spec) });
    const resolved = made.get(desired);
    return resolved === undefined ? other : remember(other, resolved);
  }

  /** The programs of a package that has several. It has been looked up, and perhaps installed, as a whole. */
  function eachApp(entry: Entry, { apps }: Resolution, source: Position | null, pass: Pass): Promise<Desired[]> {
    const staged = pass.staging === null ? null : { ...pass.staging, fresh: false };
    const entries = appsOf(entry, apps).map((each) => settled(each, source !== null));
    return Promise.all(entries.map(async (each) => placed(each, await resolveEntry(each, { ...pass, staging: staged }), source)));
  }

  return {
    async resolve(config, staging = null) {
      const hasPackages = [...config.modules.values()].some(({ entry }) => entry.kind === 'package');
      const lock = hasPackages ? await lockOf(config, packages) : null;
      const pass = startPass(parts, config.modulePath, { lock, staging });
      const stale: Entry[] = [];
      const declared = [...config.modules].map(([name, { entry, source }]) => ({ name, entry: settled(entry, true), source }));
      for (const { entry } of declared) {
        const known = resolutions.get(entry);
        if (known === undefined || !stillHolds(known, pass, parts)) stale.push(entry);
      }
      await eachOf(stale, (entry) => resolveEntry(entry, pass));
      const desired = new Map<string, Desired>();
      const entryFiles = new Set<string>();
      for (const { name, entry, source } of declared) {
        const resolved = resolutions.get(entry);
        if (resolved === undefined) continue;
        if (resolved.code !== null) entryFiles.add(resolved.code.file);
        if (resolved.apps.length === 0) desired.set(name, placed(entry, resolved, source));
        else for (const each of await eachApp(entry, resolved, source, pass)) desired.set(each.name, each);
      }
      parts.codebase.retain(new Set([...entryFiles, ...watched]));
      return desired;
    },
    async resolveOne(given, source, modulePath) {
      const entry = settled(given, false);
      const pass = startPass(parts, modulePath);
      const known = resolutions.get(entry);
      const resolved = known !== undefined && stillHolds(known, pass, parts) ? known : await resolveEntry(entry, pass);
      return placed(entry, resolved, source);
    },
    async resolvePackage(given, of) {
      const entry = settled(given, false);
      const pass = startPass(parts, [], of);
      const resolved = await resolveEntry(entry, pass);
      return resolved.apps.length === 0 ? [placed(entry, resolved, null)] : eachApp(entry, resolved, null, pass);
    },
    respec: async (desired, spec) => respec(desired, spec),
    async withSettings(desired, settings) {
      const { settings: _, ...bare } = desired.spec as CodeSpec;
      if (settings === null) return respec(desired, bare as Spec);
      const { secrets } = parts;
      return respec(
        desired,
        await withFingerprints({ ...bare, settings }, secretPlaces(settings, ['settings']), secrets.pass(), secrets.seal),
      );
    },
    sealed: (path, value) => sealedValue(path, value, parts.secrets.seal),
    async defaults({ kind, path, spec }) {
      return kind === 'package' && packages !== null ? (await packages.programOf({ path, spec: spec as PackageSpec })).defaults : {};
    },
    async afresh(record) {
      const resolved = await afresh(record, parts);
      return remember(resolved.desired, resolved);
    },
    async codeFiles(modules) {
      watched = new Set(modules.map(({ path }) => path));
      return (await Promise.all(modules.map((record) => codeFiles(record, parts)))).flat();
    },
    material: (desired) => materialOf(desired, made.get(desired)?.code?.build ?? null, parts, store),
    restoreMaterial: (record) => materialOf(record, null, parts, store),
    recall: (record) => recall(record, parts, store),
    pruneCode: store.prune,
    async secret({ secret }) {
      const { secrets } = parts;
      return secrets.value({ secret, fingerprint: await secrets.pass()(secret) });
    },
    knownSecrets: parts.secrets.known,
    dispose: compiler.dispose,
  };
}

async function eachOf(entries: readonly Entry[], work: (entry: Entry) => Promise<unknown>): Promise<void> {
  const rest = entries.values();
  const worker = async (): Promise<void> => {
    for (const entry of rest) await work(entry);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, entries.length) }, worker));
}

function isSame(a: Desired, b: Desired): boolean {
  return (
    a.specDigest === b.specDigest &&
    a.codeDigest === b.codeDigest &&
    a.path === b.path &&
    JSON.stringify(a.notes) === JSON.stringify(b.notes) &&
    a.problem?.message === b.problem?.message &&
    a.problem?.code === b.problem?.code
  );
}

function samePlace(a: Position | null, b: Position | null): boolean {
  return a === b || (a !== null && b !== null && a.file === b.file && a.line === b.line && a.column === b.column);
}
