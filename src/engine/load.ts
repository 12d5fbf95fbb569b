import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { Desired } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import type { Plan, Result } from '../model/plan.ts';
import { providers, requirementsOf } from '../model/requires.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { declaredNow, declaredRefusal, desiredWith, withArgs } from './commands.ts';
import { alternativesOf, type EngineContext } from './context.ts';
import type { ByHand } from './ports.ts';
import { stagingOf } from './reconcile.ts';
import { tidy } from './retain.ts';

type LoadParams = Params<'load'>;

/** `load NAME [ARGS...]`: a declared one as declared, anything else by hand; with what it requires and the config declares. */
export async function load(params: LoadParams, common: Common, context: EngineContext): Promise<Plan | Result> {
  const staging = params.dryRun === true ? undefined : { ...stagingOf(common.onProgress, context), only: params.target };
  let name = params.target;
  const packages = new Set<Desired>();
  const prepare = async (): Promise<Command> => {
    const declared = await declaredNow(context, staging);
    const asDeclared = params.command === true || params.name !== undefined ? undefined : declared.get(params.target);
    const module =
      asDeclared === undefined ? await byHand(params, common, declared, context) : await fromConfig(asDeclared, params, declared, context);
    if (module.kind === 'package') packages.add(module);
    ({ name } = module);
    assertFree(name, context);
    const required = requiredOf(module, declared, context);
    return {
      name: 'load',
      common,
      request: { scope: new Set([name, ...required.keys()]), asked: new Set([name]), again: again(name, context), retryFailed: true },
      desired: desiredWith(context.ports.instances.snapshot(), [module, ...required.values()]),
      busy: 'refuse',
      declared: new Set([...(asDeclared === undefined ? [] : [name]), ...required.keys()]),
    };
  };
  try {
    return await runCommand(prepare, context);
  } catch (error) {
    throw error instanceof MusterError && error.code === 'EBUSY' ? alreadyLoaded(name, 'is being worked on') : error;
  } finally {
    if (packages.size > 0 && params.dryRun !== true) await tidy([...packages], context);
  }
}

/** What has ended as it should is wanted anew, changed or not. */
function again(name: string, { ports }: EngineContext): ReadonlySet<string> {
  const loaded = ports.instances.get(name);
  return new Set(loaded?.state === 'E' && !loaded.failed ? [name] : []);
}

/** What a module requires, directly or through others, that is declared and does not run yet. */
function requiredOf(module: Desired, declared: ReadonlyMap<string, Desired>, context: EngineContext): ReadonlyMap<string, Desired> {
  const provider = providers(declared, alternativesOf(context));
  const found = new Map<string, Desired>();
  const collect = ({ spec }: Desired): void => {
    for (const requirement of requirementsOf(spec)) {
      const needed = declared.get(provider(requirement.name));
      if (needed === undefined || needed.name === module.name || found.has(needed.name) || isRunning(needed.name, context)) continue;
      found.set(needed.name, needed);
      collect(needed);
    }
  };
  collect(module);
  return found;
}

/** As declared; with other arguments only by --override. */
async function fromConfig(
  desired: Desired,
  params: LoadParams,
  declared: ReadonlyMap<string, Desired>,
  context: EngineContext,
): Promise<Desired> {
  const { config, env, isolation, service } = params;
  const given = Object.entries({ config, env, isolation, service }).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    const hint = 'change it in the config, or load it under another name with --name';
    throw new MusterError('EINVAL', `${desired.name} is declared; --${given[0]} is for modules loaded by hand`, { hint });
  }
  return params.args.length > 0 ? withArgs(desired, params.args, params, declared, context) : desired;
}

async function byHand(
  params: LoadParams,
  common: Common,
  declared: ReadonlyMap<string, Desired>,
  context: EngineContext,
): Promise<Desired> {
  const { sources } = context.ports;
  const { name, module } =
    params.command === true || params.package !== undefined ? { name: params.target, module: null } : await sources.locate(params.target);
  const chosen = params.name ?? name;
  const problem = nameProblem(chosen);
  if (problem !== null) throw new MusterError('EINVAL', `${chosen}: ${problem}`, { hint: 'choose another with --name' });
  const known = declared.get(chosen);
  if (known !== undefined && params.override !== true) throw declaredRefusal(known);
  const raw: Record<string, unknown> = {
    ...whatOf(module, params),
    ...(params.isolation === undefined ? {} : { isolation: params.isolation }),
    ...(params.service === undefined ? {} : { service: params.service }),
    ...(params.config === undefined ? {} : { config: params.config }),
    ...(params.env === undefined ? {} : { env: params.env }),
  };
  const described = { name: chosen, raw, cwd: params.cwd };
  return params.package === undefined ? sources.byHand(described) : packageByHand(described, params, common, context);
}

function whatOf(module: string | null, { args, cwd, package: spec }: LoadParams): Record<string, unknown> {
  if (spec !== undefined) return { package: spec, args };
  return module === null ? { command: args, cwd } : { module, args };
}

async function packageByHand(module: ByHand, { dryRun }: LoadParams, common: Common, context: EngineContext): Promise<Desired> {
  const staging = dryRun === true ? null : stagingOf(common.onProgress, context);
  const [first, second] = await context.ports.sources.packageByHand(module, { frozen: false, staging });
  if (first !== undefined && second === undefined) return first;
  throw new MusterError('EINVAL', `${module.raw.package} has several programs`, {
    hint: `muster install --name ${module.name} ${module.raw.package}`,
  });
}

function assertFree(name: string, context: EngineContext): void {
  if (isRunning(name, context)) throw alreadyLoaded(name, 'already loaded');
}

/** A failed module, or one that was stopped, has nothing running under its name. */
function isRunning(name: string, { ports }: EngineContext): boolean {
  const loaded = ports.instances.get(name);
  return loaded !== undefined && loaded.state !== 'E';
}

function alreadyLoaded(name: string, what: string): MusterError {
  return new MusterError('EEXIST', `${name}: ${what}`, { hint: `muster reload ${name}` });
}
