import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { Desired } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Common, declaredNow, declaredRefusal, desiredWith, runCommand, withArgs } from './commands.ts';
import type { EngineContext } from './context.ts';
import { requirements } from './names.ts';

type LoadParams = Params<'load'>;

/** `load NAME [ARGS...]`: a declared one as declared, with what it requires; anything else by hand. */
export async function load(params: LoadParams, common: Common, context: EngineContext): Promise<Plan | Result> {
  const declared = await declaredNow(context);
  const asDeclared = params.command === true || params.name !== undefined ? undefined : declared.get(params.target);
  const wanted =
    asDeclared === undefined ? [await byHand(params, declared, context)] : await fromConfig(asDeclared, params, declared, context);
  const [first] = wanted;
  if (first === undefined) throw new Error('a load names at least one module');
  assertFree(first.name, context);
  const names = wanted.map((module) => module.name);
  return runCommand(
    {
      name: 'load',
      common,
      request: { scope: new Set(names), retryFailed: true },
      desired: (loaded) => desiredWith(loaded, wanted),
      busy: 'refuse',
      declared: new Set(asDeclared === undefined ? [] : names),
    },
    context,
  ).catch((error: unknown) => {
    throw error instanceof MusterError && error.code === 'EBUSY' ? alreadyLoaded(first.name, 'is being worked on') : error;
  });
}

/** As declared, after what it requires and is not loaded yet; with other arguments only by --override. */
async function fromConfig(
  desired: Desired,
  params: LoadParams,
  declared: ReadonlyMap<string, Desired>,
  context: EngineContext,
): Promise<Desired[]> {
  const { config, env, isolation, service } = params;
  const given = Object.entries({ config, env, isolation, service }).find(([, value]) => value !== undefined);
  if (given !== undefined) {
    const hint = 'change it in the config, or load it under another name with --name';
    throw new MusterError('EINVAL', `${desired.name} is declared; --${given[0]} is for modules loaded by hand`, { hint });
  }
  const first = params.args.length > 0 ? await withArgs(desired, params.args, params, declared, context) : desired;
  const found = new Map([[first.name, first]]);
  const collect = (module: Desired): void => {
    for (const { name } of requirements(module)) {
      const needed = declared.get(name);
      if (needed === undefined || found.has(name) || isRunning(name, context)) continue;
      found.set(name, needed);
      collect(needed);
    }
  };
  collect(first);
  return [...found.values()];
}

async function byHand(params: LoadParams, declared: ReadonlyMap<string, Desired>, context: EngineContext): Promise<Desired> {
  const { sources } = context.ports;
  if (params.package !== undefined) throw new MusterError('ENOSYS', 'packages are not built yet');
  const { name, module } = params.command === true ? { name: params.target, module: null } : await sources.locate(params.target);
  const chosen = params.name ?? name;
  const problem = nameProblem(chosen);
  if (problem !== null) throw new MusterError('EINVAL', `${chosen}: ${problem}`, { hint: 'choose another with --name' });
  const known = declared.get(chosen);
  if (known !== undefined && params.override !== true) throw declaredRefusal(known);
  const raw: Record<string, unknown> = {
    ...(module === null ? { command: params.args, cwd: params.cwd } : { module, args: params.args }),
    ...(params.isolation === undefined ? {} : { isolation: params.isolation }),
    ...(params.service === undefined ? {} : { service: params.service }),
    ...(params.config === undefined ? {} : { config: params.config }),
    ...(params.env === undefined ? {} : { env: params.env }),
  };
  return sources.byHand({ name: chosen, raw, cwd: params.cwd });
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
