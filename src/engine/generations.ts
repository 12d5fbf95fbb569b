import { recordOf } from '../apply/persist.ts';
import type { Hold, LoadedRecord } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';
import type { Generation } from '../store/records.ts';
import { type EngineContext, holdsNow } from './context.ts';
import { retainCode } from './retain.ts';
import type { Transaction } from './transact.ts';

/**
 * Whether the declared modules are loaded as the generation in force has them. Those that are held are not asked: the
 * generation has them as they are to be once they are released.
 */
export function isInForce(context: EngineContext): boolean {
  const isHeld = heldBy(holdsNow(context));
  const recorded = new Map((context.generation?.modules ?? []).filter(({ name }) => !isHeld(name)).map((record) => [record.name, record]));
  let seen = 0;
  for (const loaded of context.ports.instances.snapshot().values()) {
    if (loaded.origin !== 'config' || isHeld(loaded.name)) continue;
    const record = recorded.get(loaded.name);
    if (record?.specDigest !== loaded.specDigest || record.codeDigest !== loaded.codeDigest) return false;
    seen += 1;
  }
  return seen === recorded.size;
}

/** Makes the declared modules, as they are now, the generation in force. */
export async function saveGeneration(transaction: Transaction, planned: Plan, context: EngineContext): Promise<void> {
  const { store, clock } = context.ports;
  const { config } = transaction.wanted;
  const generation: Generation = {
    number: store.state.generation + 1,
    at: new Date(clock.now()).toISOString(),
    trigger: transaction.trigger,
    reason: transaction.reason,
    planId: planned.id,
    configDigest: config.digest,
    files: config.files.map(({ path, sha256 }) => ({ path, sha256 })),
    modules: declaredModules(transaction, context),
    policy: config.policy,
  };
  await store.saveGeneration(generation);
  context.generation = generation;
  // Nobody waits for a tidy folder, and one that cannot be tidied is no failed change.
  retainCode(context).catch((error: unknown) => context.ports.log.warn({ err: error }, 'old code could not be removed'));
}

function declaredModules({ wanted }: Transaction, context: EngineContext): LoadedRecord[] {
  const { instances, store } = context.ports;
  const holds = holdsNow(context);
  const isHeld = heldBy(holds);
  const modules = [...instances.snapshot().values()].filter((loaded) => loaded.origin === 'config' && !isHeld(loaded.name)).map(recordOf);
  if (holds.length === 0) return modules;
  const generation = store.state.generation + 1;
  for (const desired of wanted.desired.values()) {
    if (isHeld(desired.name) && !desired.spec.disabled) modules.push(recordOf({ ...desired, origin: 'config', generation }));
  }
  return modules;
}

function heldBy(holds: readonly Hold[]): (name: string) => boolean {
  const names = new Set(holds.map((hold) => hold.name));
  return (name) => names.has('*') || names.has(name);
}
