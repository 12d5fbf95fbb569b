import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ConfigCompiler } from '../config/compiler.ts';
import { createConfigCompiler } from '../config/compiler.ts';
import type { ByHand, CarriedConfig, Sources, WantedOutcome } from '../engine/ports.ts';
import type { ConfigOutcome, ConfigSet, FileText } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { Packages, Staging } from '../model/package.ts';
import { lockName } from '../packages/packages.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { referencesAt } from '../resolve/secret-places.ts';
import { createTextReader } from '../sources/texts.ts';
import { createPackageSources } from './package-sources.ts';

export interface WantedOptions {
  files: readonly string[];
  compiler: ConfigCompiler;
  resolver: Resolver;
  packages: Packages;
  env: Readonly<Record<string, string | undefined>>;
  /** The daemon's own files and folders to watch, whenever they may have changed. */
  onRead(watched: readonly string[]): void;
  /** The config has modules, which are about to be resolved. */
  onModules(): void;
  /** The name that a module file gives itself. */
  nameIn(path: string): Promise<string | null>;
}

/** Desired sets from config files and from the command line: read, check, resolve. */
export function createSources(options: WantedOptions): Sources {
  const { compiler, resolver, files } = options;
  let config: ConfigSet | null = null;
  let configFiles: readonly string[] = [];
  let codeFiles: readonly string[] = [];
  let references: readonly string[] = [];
  let looking: Promise<void> = Promise.resolve();
  const packageSources = createPackageSources({ packages: options.packages, config: () => config });

  const compile = (from: readonly string[] | CarriedConfig): Promise<ConfigOutcome> =>
    'texts' in from
      ? createConfigCompiler({ env: options.env, reader: createTextReader(from.texts) }).compile(from.files)
      : compiler.compile(from);
  const read = async (from: readonly string[] | CarriedConfig, own: boolean, staging: Staging | null): Promise<WantedOutcome> => {
    const outcome = await compile(from);
    if (own) {
      const { files: read, watch } = outcome.ok ? outcome.config : { ...outcome, files: outcome.files.map((path) => ({ path })) };
      const lock = read[0] === undefined || !hasPackages(outcome) ? [] : [join(dirname(read[0].path), lockName)];
      if (outcome.ok) references = secretsOf(outcome.config);
      configFiles = [...read.map(({ path }) => path), ...watch, ...lock, ...filesOf(references)];
      options.onRead([...configFiles, ...codeFiles]);
    }
    if (!outcome.ok) return { ok: false, diagnostics: outcome.diagnostics, files: outcome.files };
    if (own) config = outcome.config;
    if (own && config !== null && config.modules.size > 0) options.onModules();
    return { ok: true, wanted: { config: outcome.config, desired: await resolver.resolve(outcome.config, staging) } };
  };

  return {
    files,
    read: (from, staging = undefined) => read(from ?? files, from === undefined, staging ?? null),
    async byHand(module) {
      const { entry, modulePath } = await entryOf(module, options);
      // Without a config that holds there is still $MUSTER_MODULE_PATH.
      return resolver.resolveOne(entry, null, config?.modulePath ?? modulePath);
    },
    async packageByHand(module, { frozen, staging }) {
      const { entry } = await entryOf(module, options);
      return resolver.resolvePackage(entry, { staging, lock: frozen ? await packageSources.frozenLock(entry.name) : null });
    },
    packageName: packageSources.packageName,
    savePackage: packageSources.savePackage,
    unlockedPackages: packageSources.unlockedPackages,
    lockPackages: packageSources.lockPackages,
    newer: packageSources.newer,
    withArgs: (desired, args) => resolver.respec(desired, { ...desired.spec, args: [...args] }),
    withSettings: resolver.withSettings,
    sealed: resolver.sealed,
    defaults: (record) => resolver.defaults(record).catch(() => ({})),
    afresh: (record) => resolver.afresh(record),
    watchCode(modules) {
      if (modules.length === 0 && codeFiles.length === 0) return;
      // One after the other: the last call counts.
      looking = looking.then(async () => {
        codeFiles = await resolver.codeFiles(modules);
        options.onRead([...configFiles, ...codeFiles]);
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

/** What secrets of enabled modules refer to, each once. */
function secretsOf({ modules }: ConfigSet): string[] {
  const entries = [...modules.values()].flatMap(({ entry }) => (entry.secrets.length === 0 || entry.spec.disabled ? [] : [entry]));
  return [...new Set(entries.flatMap(({ spec, secrets }) => referencesAt(spec, secrets)))];
}
    recall: (record) => resolver.recall(record),

/** Their files, to be watched: a secret that is rotated is a change like one of the config. */
function filesOf(references: readonly string[]): string[] {
  return references.flatMap((reference) => (reference.startsWith('file:') ? [reference.slice('file:'.length)] : []));
}

function hasPackages(outcome: ConfigOutcome): boolean {
  return outcome.ok && [...outcome.config.modules.values()].some(({ entry }) => entry.kind === 'package');
}

/**
 * A module by hand goes through the same checks as one in a file: it is compiled as a config of its own, in the
 * caller's folder. JSON is YAML; a dollar is doubled, for the shell has interpolated already.
 */
async function entryOf({ name, raw, cwd }: ByHand, { env }: WantedOptions) {
  const text = `${JSON.stringify({ version: 1, modules: { [name]: raw } }).replaceAll('$', '$$$$')}\n`;
  const path = `${cwd}/command line`;
  const file: FileText = { path, text, sha256: createHash('sha256').update(text).digest('hex') };
  const compiler = createConfigCompiler({ env, reader: { file: async () => file, glob: async () => [] } });
  const outcome = await compiler.compile([path]);
  if (!outcome.ok) {
    const [first] = outcome.diagnostics;
    throw new MusterError('EINVAL', `${name}: ${outcome.diagnostics.map((diagnostic) => diagnostic.message).join('; ')}`, {
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    });
  }
  const declared = outcome.config.modules.get(name);
  if (declared === undefined) throw new Error(`compiled ${name}, found nothing of it`);
  return { entry: declared.entry, modulePath: outcome.config.modulePath };
}
