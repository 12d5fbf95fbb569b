import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import type { Staging } from '../model/package.ts';
import { saveCommand } from '../model/package-lock.ts';
import { isPackageSpec, packageModule, packageSpecKind } from '../model/package-spec.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { declaredNow, desiredWith } from './commands.ts';
import type { EngineContext } from './context.ts';
import type { NamedPackage } from './ports.ts';
import { stagingOf } from './reconcile.ts';
import { tidy } from './retain.ts';

type InstallParams = Params<'install'> & { readonly spec: string };

/** What is to be installed, once its name is known. */
interface Asked {
  readonly name: string;
  readonly raw: Record<string, unknown> & { readonly package: string };
  /** Null: a dry run. */
  readonly staging: Staging | null;
}

/**
 * `install SPEC`: the package as a module by hand. Of one that is there already another version; the one before is put back
 * where that does not run. With `save` it is declared instead, and `reconcile` makes it so.
 */
export async function install(
  params: InstallParams,
  common: Common,
  context: EngineContext,
  reconcile: () => Promise<Plan | Result>,
): Promise<Plan | Result> {
  const named = await nameOf(params, common, context);
  try {
    return await installNamed(named.name, params, common, context, reconcile);
  } finally {
    // Where it came to nothing, what was installed for its name goes too.
    if (named.path !== null && common.dryRun !== true) await tidy([{ path: named.path }], context);
  }
}

function nameOf({ name, spec, allowScripts = false }: InstallParams, common: Common, context: EngineContext): Promise<NamedPackage> {
  if (!isPackageSpec(spec)) throw noSpec(spec);
  if (name !== undefined) return Promise.resolve({ name, path: null });
  const staging = common.dryRun === true ? null : stagingOf(common.onProgress, context);
  return context.ports.sources.packageName(spec, { allowScripts, staging });
}

async function installNamed(
  name: string,
  params: InstallParams,
  common: Common,
  context: EngineContext,
  reconcile: () => Promise<Plan | Result>,
): Promise<Plan | Result> {
  const asked = askedOf(name, params, common, context);
  if (params.save === true) return save(asked, params, context, reconcile);
  await assertMine(asked.name, params, context);
  const modules = await lookUp(asked, params, context);
  const names = modules.map((module) => module.name);
  const before = new Set<Loaded>();
  const prepare = async (): Promise<Command> => {
    await assertMine(asked.name, params, context);
    const loaded = context.ports.instances.snapshot();
    for (const module of installed(asked.name, context)) before.add(module);
    const gone = installed(asked.name, context).flatMap((module) => (names.includes(module.name) ? [] : [module.name]));
    const hasEnded = (each: string): boolean => loaded.get(each)?.state === 'E' && loaded.get(each)?.failed === false;
    return {
      name: 'install',
      common,
      request: {
        scope: new Set([...names, ...gone]),
        asked: new Set(names),
        again: new Set(names.filter(hasEnded)),
        drop: new Set(gone),
        retryFailed: true,
        // All that a package has is of one version.
        onFailure: 'rollback',
      },
      desired: new Map([...desiredWith(loaded, modules)].filter(([each]) => !gone.includes(each))),
      busy: 'wait',
    };
  };
  try {
    return await runCommand(prepare, context);
  } finally {
    if (common.dryRun !== true) await tidy([...modules, ...before], context);
  }
}

/** Throws EREFUSED for a name that the config declares, EEXIST for one that is loaded otherwise. */
async function assertMine(name: string, params: InstallParams, context: EngineContext): Promise<void> {
  refuseDeclared(name, await declaredNow(context), params);
  refuseOthers(name, context);
}

function askedOf(name: string, params: InstallParams, common: Common, context: EngineContext): Asked {
  const { spec, args, config, env, allowScripts, frozen } = params;
  // What was installed for its name alone need not be installed again.
  const isNew = params.name === undefined && packageSpecKind(spec).kind !== 'registry';
  const problem = nameProblem(name);
  if (problem !== null)
    throw new MusterError('EINVAL', `${name === '' ? '--name' : name}: ${problem}`, { hint: 'choose another with --name' });
  const kept = keptFrom(installed(name, context)[0]);
  const raw = {
    ...kept,
    package: spec,
    // While it is being written it is loaded again with each save.
    ...(isFolder(spec) ? { watch: true } : {}),
    ...(name.includes('.') ? { service: 'none' } : {}),
    ...(args === undefined || args.length === 0 ? {} : { args }),
    ...(config === undefined ? {} : { config }),
    ...(env === undefined ? {} : { env }),
    ...(allowScripts === true ? { allowScripts } : {}),
  };
  return {
    name,
    raw,
    staging: common.dryRun === true ? null : { ...stagingOf(common.onProgress, context), fresh: frozen !== true && !isNew },
  };
}

function noSpec(spec: string): MusterError {
  const what = spec.trim() === '' ? 'the name of the package is empty' : `${JSON.stringify(spec)} is no package`;
  return new MusterError('EINVAL', what, { hint: 'name it as npm does: name, name@range, ./folder, ./file.tgz, or a git URL' });
}

/** What was said of it when it was installed holds for another version, too. */
function keptFrom(module: Loaded | undefined): Record<string, unknown> {
  if (module === undefined || module.origin === 'config') return {};
  const { config, env, args, allowScripts, byPackage = [] } = module.spec as PackageSpec;
  const said = Object.entries({ config, env, ...(byPackage.includes('args') ? {} : { args }) }).filter(
    ([, value]) => Object.keys(value).length > 0,
  );
  return { ...(withoutFingerprints(Object.fromEntries(said)) as object), ...(allowScripts ? { allowScripts } : {}) };
}

/** As it was written: a secret that was read has its fingerprint beside it. */
function withoutFingerprints(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutFingerprints);
  const entries = Object.entries(value).filter(([key]) => !(key === 'fingerprint' && 'secret' in value));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutFingerprints(item)]));
}

function isFolder(spec: string): boolean {
  return packageSpecKind(spec).kind === 'local' && !/\.(?:tgz|tar|gz)$/i.test(spec);
}

function lookUp({ name, raw, staging }: Asked, { cwd, frozen }: InstallParams, { ports }: EngineContext): Promise<readonly Desired[]> {
  return ports.sources.packageByHand({ name, raw, cwd }, { frozen: frozen === true, staging });
}

/** Installed first: what cannot be installed, or has nothing to run, is not written down. */
async function save(
  asked: Asked,
  params: InstallParams,
  context: EngineContext,
  reconcile: () => Promise<Plan | Result>,
): Promise<Plan | Result> {
  const { name, raw } = asked;
  if (asked.staging === null) throw new MusterError('EINVAL', '--save writes the config, and goes not with --dry-run');
  const modules = await lookUp(asked, params, context);
  const problem = modules.find((module) => module.problem !== undefined)?.problem;
  if (problem !== undefined)
    throw new MusterError(problem.code as MusterError['code'], problem.message, problem.hint === undefined ? {} : { hint: problem.hint });
  try {
    const saved = await context.ports.sources.savePackage(name, raw);
    const result = await reconcile().catch(async (error: unknown) => {
      await saved.undo();
      throw error;
    });
    const names = new Set([name, ...modules.map((module) => module.name)]);
    const isDone =
      result.exitCode === 0 ||
      (result.kind === 'Result' && result.changes.every((change) => !names.has(change.name) || change.status === 'ok'));
    if (result.outcome !== 'error' && result.outcome !== 'refused' && isDone) {
      await saved.keep();
      return result;
    }
    await saved.undo();
    // What is declared and does not run is listed; now it is declared no more.
    if (result.kind === 'Result' && result.changes.some((change) => names.has(change.name) && change.status === 'failed'))
      await reconcile();
    return result;
  } finally {
    await tidy(modules, context);
  }
}

/** The loaded modules that an earlier installation under this name has made. */
export function installed(name: string, { ports }: EngineContext): Loaded[] {
  const all = [...ports.instances.snapshot().values()];
  return all.filter((module) => module.kind === 'package' && baseName(module) === name);
}

function baseName({ name, spec }: Pick<Loaded, 'name' | 'spec'>): string {
  return packageModule(name, spec as PackageSpec);
}

function refuseDeclared(name: string, declared: ReadonlyMap<string, Desired>, { override, spec }: InstallParams): void {
  const known = declared.get(name) ?? [...declared.values()].find((module) => module.kind === 'package' && baseName(module) === name);
  if (known === undefined || override === true) return;
  const { source } = known;
  throw new MusterError('EREFUSED', `${name} is declared${source === null ? '' : ` at ${source.file}:${source.line}`}`, {
    hint: `change it there, or say: ${saveCommand(baseName(known), spec)}`,
  });
}

function refuseOthers(name: string, { ports }: EngineContext): void {
  const loaded = ports.instances.get(name);
  if (loaded === undefined || loaded.kind === 'package') return;
  throw new MusterError('EEXIST', `${name} is loaded already, and is no package`, { hint: 'choose another name with --name' });
}
