import { dirname, join } from 'node:path';
import type { ConfigCompiler } from '../config/compiler.ts';
import type { CarriedConfig, Edits, Sources, WantedOutcome } from '../engine/ports.ts';
import type { ConfigOutcome, ConfigSet } from '../model/config-set.ts';
import type { Spec } from '../model/fields/table.ts';
import type { Packages, Staging } from '../model/package.ts';
import { lockName } from '../model/package-lock.ts';
import { isBelow } from '../model/place.ts';
import type { GitSpec, Source } from '../model/source.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { referencesAt } from '../resolve/secret-places.ts';
import { entryOf } from './by-hand.ts';
import { createPackageSources } from './package-sources.ts';
import { entriesOutside } from './source/entries.ts';
import { createUpstream } from './source/upstream.ts';
import type { UnfinishedSaves } from './unfinished-saves.ts';

export interface WantedOptions {
  files: readonly string[];
  compiler: ConfigCompiler;
  resolver: Resolver;
  packages: Packages;
  unfinished: UnfinishedSaves;
  env: Readonly<Record<string, string | undefined>>;
  /** A repository that the config is to come from; without any network. */
  openSource(spec: GitSpec): Promise<Source>;
  /** What the config says of where it comes from, whenever it was read. */
  onSource(spec: GitSpec | null): void;
  /** The daemon's own files and folders to watch, whenever they may have changed. */
  onRead(watched: readonly string[]): void;
  /** The config has modules, which are about to be resolved. */
  onModules(): void;
  /** The name that a module file gives itself. */
  nameIn(path: string): Promise<string | null>;
}

/** Desired sets from config files and from the command line: read, check, resolve. */
export function createSources(options: WantedOptions): Sources & { close(): Promise<void> } {
  const { compiler, resolver, files, env } = options;
  let config: ConfigSet | null = null;
  let configFiles: readonly string[] = [];
  let codeFiles: readonly string[] = [];
  let references: readonly string[] = [];
  let looking: Promise<void> = Promise.resolve();
  const packageSources = createPackageSources({ packages: options.packages, unfinished: options.unfinished, config: () => config });

  const upstream = createUpstream({ files, compiler, env, open: options.openSource, onSource: options.onSource });
  const isOfSource = (path: string): boolean => upstream.root !== null && isBelow(path, upstream.root);
  /** Files of a repository move as a whole, and who moves them says so. */
  const watch = (): void => {
    options.onRead([...configFiles, ...codeFiles].filter((path) => !isOfSource(path)));
  };

  const attempt = async (from: readonly string[] | CarriedConfig | null, staging: Staging | null, edits: Edits): Promise<WantedOutcome> => {
    const outcome = await upstream.compile(from, edits);
    if (from === null) {
      if (outcome.ok) references = secretsOf(outcome.config);
      configFiles = [...deciding(outcome), ...filesOf(references)];
      watch();
    }
    if (!outcome.ok) return { ok: false, diagnostics: outcome.diagnostics, files: outcome.files, revision: upstream.revision };
    if (from === null) config = outcome.config;
    if (from === null && outcome.config.modules.size > 0) options.onModules();
    const desired = await resolver.resolve(outcome.config, staging);
    const outside = entriesOutside(outcome.config, desired, upstream.root);
    if (outside.length === 0) return { ok: true, wanted: { config: outcome.config, desired } };
    return { ok: false, diagnostics: outside, files: outcome.config.files.map(({ path }) => path), revision: outcome.config.revision };
  };

  /** Of one commit: what is read while another one takes its place is read again. */
  const read = async (from: readonly string[] | CarriedConfig | null, staging: Staging | null, edits: Edits): Promise<WantedOutcome> => {
    for (let left = 3; ; left -= 1) {
      const before = upstream.revision;
      const outcome = await attempt(from, staging, edits);
      if (left === 0 || before === null || before === upstream.revision) return outcome;
    }
  };

  return {
    files,
    source: upstream.source,
    isOfSource,
    sync: upstream.sync,
    restoreRevision: upstream.restoreRevision,
    said: upstream.said,
    blame: upstream.blame,
    close: upstream.close,
    read: (from, staging = undefined, edits = 'taken') => read(from ?? null, staging ?? null, edits),
    async byHand(module) {
      const { entry, modulePath } = await entryOf(module, env);
      // Without a config that holds there is still $MUSTER_MODULE_PATH.
      return resolver.resolveOne(entry, null, config?.modulePath ?? modulePath);
    },
    async packageByHand(module, { frozen, staging }) {
      const { entry } = await entryOf(module, env);
      return resolver.resolvePackage(entry, { staging, lock: frozen ? await packageSources.frozenLock(entry.name) : null });
    },
    packageName: packageSources.packageName,
    savePackage: packageSources.savePackage,
    unlockedPackages: packageSources.unlockedPackages,
    lockPackages: packageSources.lockPackages,
    newer: packageSources.newer,
    withArgs: (desired, args) => resolver.respec(desired, withArgs(desired.spec, args)),
    withSettings: resolver.withSettings,
    sealed: resolver.sealed,
    defaults: (record) => resolver.defaults(record).catch(() => ({})),
    afresh: (record) => resolver.afresh(record),
    recall: (record) => resolver.recall(record),
    watchCode(modules) {
      if (modules.length === 0 && codeFiles.length === 0) return;
      // One after the other: the last call counts.
      looking = looking.then(async () => {
        codeFiles = await resolver.codeFiles(modules);
        watch();
      });
    },
    hasPrograms: () => references.some((reference) => reference.startsWith('exec:')),
    async locate(target) {
      if (target.startsWith('builtin:')) return { name: target.slice('builtin:'.length), module: target };
      if (!target.includes('/')) return { name: target, module: target };
      const file = target.slice(target.lastIndexOf('/') + 1);
      return { name: (await options.nameIn(target)) ?? file.split('.')[0] ?? file, module: target };
    },
  };
}

/** Whoever says them, they are its package's no more. */
function withArgs(spec: Spec, args: readonly string[]): Spec {
  const by = 'byPackage' in spec ? { byPackage: spec.byPackage?.filter((field) => field !== 'args') } : {};
  return { ...spec, ...by, args: [...args] };
}

/** What secrets of enabled modules refer to, each once. */
function secretsOf({ modules }: ConfigSet): string[] {
  const entries = [...modules.values()].flatMap(({ entry }) => (entry.secrets.length === 0 || entry.spec.disabled ? [] : [entry]));
  return [...new Set(entries.flatMap(({ spec, secrets }) => referencesAt(spec, secrets)))];
}

/** Their files, to be watched: a secret that is rotated is a change like one of the config. */
function filesOf(references: readonly string[]): string[] {
  return references.flatMap((reference) => (reference.startsWith('file:') ? [reference.slice('file:'.length)] : []));
}

/** All that decides what the config says, beside what is watched already. */
function deciding(outcome: ConfigOutcome): readonly string[] {
  const { files, watch } = outcome.ok ? outcome.config : { ...outcome, files: outcome.files.map((path) => ({ path })) };
  const lock = files[0] === undefined || !hasPackages(outcome) ? [] : [join(dirname(files[0].path), lockName)];
  return [...files.map(({ path }) => path), ...watch, ...lock];
}

function hasPackages(outcome: ConfigOutcome): boolean {
  return outcome.ok && [...outcome.config.modules.values()].some(({ entry }) => entry.kind === 'package');
}
