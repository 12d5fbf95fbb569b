import { desiredOf } from '../apply/step.ts';
import type { Params } from '../model/methods.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';
import { type PlanInput, plainRequest } from '../model/plan-input.ts';
import { defaultPolicy } from '../model/policy.ts';
import { loadedAfter } from '../plan/loaded-after.ts';
import { maskedPlan } from '../plan/masked-plan.ts';
import { plan } from '../plan/plan.ts';
import type { EngineContext } from './context.ts';
import { readWanted } from './reconcile.ts';
import { configOf, generationOf } from './rollback.ts';

type Compared = Params<'diff'>['from'];

/** What a side of a comparison declares, and what it is called. */
interface Side {
  readonly config: PlanInput['config'];
  readonly desired: ReadonlyMap<string, Desired>;
  readonly target: { readonly host: string; readonly generation: number };
}

/** The plan from one generation, or config, to another: what runs has no part in it. */
export async function diff({ from, to }: Params<'diff'>, context: EngineContext): Promise<Plan> {
  const base = await sideOf(from, context);
  const wanted = await sideOf(to, context);
  const nothing = inputOf(base, { loaded: new Map(), target: base.target, policy: null }, context);
  const loaded = loadedAfter(plan(nothing), base.desired);
  const found = plan(inputOf(wanted, { loaded, target: base.target, policy: base.config.policy }, context));
  return maskedPlan(found, context.ports.masked);
}

async function sideOf(compared: Compared, context: EngineContext): Promise<Side> {
  const { host } = context.ports;
  if ('files' in compared) {
    const { config, desired } = await readWanted(compared.files, context);
    return { config, desired, target: { host: compared.files[0] ?? host, generation: 0 } };
  }
  const generation = await generationOf(compared.generation, context);
  const { modules, number } = generation;
  return {
    config: configOf(generation),
    desired: new Map(modules.map((record) => [record.name, desiredOf(record)])),
    target: { host, generation: number },
  };
}

function inputOf(
  { config, desired }: Side,
  { loaded, target, policy }: { loaded: ReadonlyMap<string, Loaded>; target: Side['target']; policy: PlanInput['config']['policy'] | null },
  { ports }: EngineContext,
): PlanInput {
  return {
    desired,
    config,
    loaded,
    holds: [],
    applied: { policy: policy ?? defaultPolicy, names: [...loaded.keys()] },
    // Guards are about what runs, and nothing runs here.
    request: { ...plainRequest, retryFailed: true, allowEmpty: true, maxRemovals: '100%', override: true, prune: 'owned' },
    target: { daemonId: ports.store.state.daemonId, serial: ports.store.state.serial, ...target },
    env: ports.env,
    dryRun: true,
    now: ports.clock.now(),
    id: ports.random.id(),
  };
}
