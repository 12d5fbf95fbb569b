import equal from 'fast-deep-equal';
import { desiredOf } from '../apply/step.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import { configOf, mergedConfig } from '../model/package-config.ts';
import type { Plan, Result } from '../model/plan.ts';
import { declaresAt, type Settings, settingAt, settingPath, withoutSetting, withSetting } from '../model/settings.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { declaredNow, desiredWith } from './commands.ts';
import { alternativesOf, type EngineContext } from './context.ts';
import { dependentsOf, notLoaded } from './names.ts';

/** One key that is set, or taken back (undefined). */
interface Edit {
  readonly action: 'set' | 'unset';
  readonly name: string;
  readonly key: string;
  readonly path: readonly string[];
  /** As it may be kept. */
  readonly value: unknown;
}

/** `set NAME:KEY VALUE`: over what the config says; with `override` also of what it declares, which is drift and not kept. */
export async function set(params: Params<'set'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  const { name, key } = params;
  const path = settingPath(key);
  if (params.value === undefined) throw new MusterError('EINVAL', `there is no value for ${name}:${key}`);
  const module = await known(name, context);
  const value = context.ports.sources.sealed(path, params.value);
  const edit: Edit = { action: 'set', name, key, path, value };
  const has = settingAt(await configNow(module, context), path);
  if (equal(has, value)) return applied(edit, () => recorded(name, context), false, common, context);
  if (module.origin === 'config' && declaresAt(configOf(bare(module)), path)) {
    if (common.override !== true) throw declaredRefusal(edit, module);
    // Not written down: the next run over the whole config puts back what that says.
    return applied(edit, () => edited(recorded(name, context), edit), true, common, context);
  }
  return change(edit, common, context);
}

/** `unset NAME:KEY`: what the config, or the package, says of it holds again. Also of a module that is not there. */
export async function unset({ name, key }: Params<'unset'>, common: Common, context: EngineContext): Promise<Plan | Result> {
  if (!context.ports.store.state.settings.has(name)) await known(name, context);
  return change({ action: 'unset', name, key, path: settingPath(key), value: undefined }, common, context);
}

/** A module that settings can be of, loaded or declared. */
export interface Configured extends Desired {
  readonly origin: Loaded['origin'];
  readonly isLoaded: boolean;
}

/** Throws ENOENT for a name that is neither loaded nor declared, EINVAL where there is no config. */
export async function known(name: string, context: EngineContext): Promise<Configured> {
  const loaded = context.ports.instances.get(name);
  const declared = loaded === undefined ? (await declaredNow(context)).get(name) : undefined;
  const found = loaded ?? declared;
  if (found === undefined) throw notLoaded(name, context.ports.instances.snapshot());
  if ('config' in found.spec) {
    return { ...found, origin: loaded?.origin ?? 'config', isLoaded: loaded !== undefined };
  }
  throw new MusterError('EINVAL', `${name} is a command, which has no config`, { hint: 'it has args, env and files in the config file' });
}

/** All that a module is configured with: defaults, what the config says, and what was set. */
export async function configNow(module: Configured, context: EngineContext): Promise<Settings> {
  const { settings } = context.ports.store.state;
  const said = mergedConfig(configOf(bare(module)), settings.get(module.name) ?? {});
  return mergedConfig(await defaultsOf(module, context), said);
}

export async function defaultsOf(module: Configured, { ports }: EngineContext): Promise<Settings> {
  return module.kind === 'package' ? ports.sources.defaults({ ...module, generation: 0 }) : {};
}

/** Without what was set. */
export function bare({ spec }: Configured): Desired['spec'] {
  const { settings: _, ...rest } = spec as Desired['spec'] & { settings?: Settings };
  return rest as Desired['spec'];
}

function recorded(name: string, { ports }: EngineContext): Settings {
  return ports.store.state.settings.get(name) ?? {};
}

function edited(settings: Settings, { action, path, value }: Edit): Settings {
  return action === 'set' ? withSetting(settings, path, value) : withoutSetting(settings, path);
}

/** Written down first, so that of many at a time none is lost; taken back where the module does not run with it. */
async function change(edit: Edit, common: Common, context: EngineContext): Promise<Plan | Result> {
  if (common.dryRun === true) return applied(edit, () => edited(recorded(edit.name, context), edit), false, common, context);
  const before = await write(edit, context);
  try {
    const outcome = await applied(edit, () => recorded(edit.name, context), false, common, context);
    if (outcome.exitCode !== exitCode.ok && outcome.exitCode !== exitCode.failedPartly) await takeBack(edit, before, context);
    return outcome;
  } catch (error) {
    await takeBack(edit, before, context);
    throw error;
  }
}

/** Returns what was set before. */
function write(edit: Edit, context: EngineContext): Promise<Settings> {
  return context.settingsTurn(async () => {
    const before = recorded(edit.name, context);
    await record(edit.name, before, edited(before, edit), context);
    return before;
  });
}

/** What somebody else has set there meanwhile stays. */
function takeBack(edit: Edit, before: Settings, context: EngineContext): Promise<void> {
  return context.settingsTurn(async () => {
    const now = recorded(edit.name, context);
    if (!equal(settingAt(now, edit.path), edit.value)) return;
    const value = settingAt(before, edit.path);
    await record(edit.name, now, value === undefined ? withoutSetting(now, edit.path) : withSetting(now, edit.path, value), context);
  });
}

async function record(name: string, before: Settings, settings: Settings, { ports }: EngineContext): Promise<void> {
  if (equal(before, settings)) return;
  await ports.store.append({ type: 'settings', name, settings: Object.keys(settings).length === 0 ? null : settings });
}

/** Brings the module to its settings, once for all that were set until then; one that is not loaded has nothing to be brought to. */
async function applied(
  { action, name }: Edit,
  settings: () => Settings,
  isDrift: boolean,
  common: Common,
  context: EngineContext,
): Promise<Plan | Result> {
  const { instances, sources } = context.ports;
  const prepare = async (): Promise<Command> => {
    const tree = settings();
    const module = instances.get(name);
    const changed = module && (await sources.withSettings(desiredOf(module), Object.keys(tree).length === 0 ? null : tree));
    const loaded = instances.snapshot();
    return {
      name: action,
      common,
      request: {
        scope: new Set(loaded.has(name) ? dependentsOf([name], loaded, 'reload', alternativesOf(context)) : []),
        asked: new Set([name]),
      },
      desired: desiredWith(loaded, changed === undefined || !loaded.has(name) ? [] : [changed]),
      busy: 'wait',
      ...(isDrift ? {} : { generation: 'amended' as const }),
    };
  };
  return runCommand(prepare, context);
}

function declaredRefusal({ name, key }: Edit, { source }: Configured): MusterError {
  const where = source === null ? 'in the config' : `at ${source.file}:${source.line}`;
  return new MusterError('EREFUSED', `${name} is declared ${where} with ${key} in its config`, {
    hint: 'change it there, or say --override (shown as drift until the next reconcile)',
  });
}
