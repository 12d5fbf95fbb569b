import equal from 'fast-deep-equal';
import { recordOf } from '../apply/persist.ts';
import type { Desired, Hold, LoadedRecord } from '../model/module.ts';
import type { ChangeResult, Plan } from '../model/plan.ts';
import type { Alternatives } from '../model/requires.ts';
import type { Generation } from '../store/records.ts';
import { type EngineContext, holdsNow, recordedAlternatives } from './context.ts';
import type { Wanted } from './ports.ts';
import { retainCode } from './retain.ts';
import { byOf } from './serial.ts';
import type { Transaction } from './transact.ts';

/**
 * Whether the declared modules are loaded as the generation in force has them. Of those that are held it is the config
 * that counts: the generation has them as they are to be once they are released.
 */
export function isInForce({ wanted }: Transaction, context: EngineContext): boolean {
  if (!equal(chosen(wanted.config.alternatives), chosen(recordedAlternatives(context)))) return false;
  const isHeld = heldBy(holdsNow(context));
  const held = new Map((context.generation?.modules ?? []).filter(({ name }) => isHeld(name)).map((record) => [record.name, record]));
  for (const desired of heldModules(wanted, isHeld)) {
    if (!isSame(held.get(desired.name), desired)) return false;
    held.delete(desired.name);
  }
  if (held.size > 0) return false;
  const recorded = new Map((context.generation?.modules ?? []).filter(({ name }) => !isHeld(name)).map((record) => [record.name, record]));
  let seen = 0;
  for (const loaded of context.ports.instances.snapshot().values()) {
    if (loaded.origin !== 'config' || isHeld(loaded.name)) continue;
    if (!isSame(recorded.get(loaded.name), loaded)) return false;
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
    ...byOf(transaction.by),
    planId: planned.id,
    configDigest: config.digest,
    files: config.files.map(({ path, sha256 }) => ({ path, sha256 })),
    ...(config.revision == null ? {} : { revision: config.revision }),
    modules: declaredModules(transaction, context),
    policy: config.policy,
    ...chosen(config.alternatives),
  };
  await save(generation, context);
}

/** Takes what a transaction changed over into the generation in force; the rest of it stays, drift or not. */
export async function amendGeneration(
  transaction: Transaction,
  planned: Plan,
  changes: readonly ChangeResult[],
  context: EngineContext,
): Promise<void> {
  const { instances, store, clock } = context.ports;
  if (context.generation === null) return;
  const changed = new Set(changes.filter(({ status }) => status === 'ok').map(({ name }) => name));
  const modules = context.generation.modules.map((record) => {
    const loaded = changed.has(record.name) ? instances.get(record.name) : undefined;
    return loaded?.origin === 'config' ? recordOf(loaded) : record;
  });
  const { trigger, reason, by } = transaction;
  const at = new Date(clock.now()).toISOString();
  const number = store.state.generation + 1;
  const { by: _, ...before } = context.generation;
  await save({ ...before, number, at, trigger, reason, ...byOf(by), planId: planned.id, modules }, context);
}

function chosen(alternatives: Alternatives | undefined): Pick<Generation, 'alternatives'> {
  return alternatives === undefined || alternatives.size === 0 ? {} : { alternatives: Object.fromEntries(alternatives) };
}

async function save(generation: Generation, context: EngineContext): Promise<void> {
  await context.ports.store.saveGeneration(generation);
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
  return [...modules, ...heldModules(wanted, isHeld).map((desired) => recordOf({ ...desired, origin: 'config', generation }))];
}

function heldModules({ desired }: Wanted, isHeld: (name: string) => boolean): Desired[] {
  return [...desired.values()].filter(({ name, spec }) => isHeld(name) && !spec.disabled);
}

type Digests = Pick<LoadedRecord, 'specDigest' | 'codeDigest'>;

function isSame(a: Digests | undefined, b: Digests): boolean {
  return a?.specDigest === b.specDigest && a.codeDigest === b.codeDigest;
}

function heldBy(holds: readonly Hold[]): (name: string) => boolean {
  const names = new Set(holds.map((hold) => hold.name));
  return (name) => names.has('*') || names.has(name);
}
