import equal from 'fast-deep-equal';
import { recordOf } from '../apply/persist.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Desired, Hold, LoadedRecord } from '../model/module.ts';
import type { Result } from '../model/plan.ts';
import type { Alternatives } from '../model/requires.ts';
import type { Generation } from '../store/records.ts';
import { type EngineContext, holdsNow, recordedAlternatives } from './context.ts';
import { keptResult, runOf } from './generation-run.ts';
import type { Wanted } from './ports.ts';
import { retainCode } from './retain.ts';
import { byOf } from './serial.ts';
import type { Transaction } from './transact.ts';

/**
 * Whether the declared modules are loaded as the generation in force has them. Of those that are held it is the config
 * that counts: the generation has them as they are to be once they are released.
 */
export function isInForce({ wanted, rollbackOf }: Transaction, context: EngineContext): boolean {
  // What is gone back to is all of it; an edit of what is no module makes no generation.
  if (rollbackOf !== undefined && !hasConfigInForce(wanted, context)) return false;
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
export async function saveGeneration(transaction: Transaction, result: Result, context: EngineContext): Promise<void> {
  const { config } = transaction.wanted;
  const { rollbackOf } = transaction;
  const generation: Generation = {
    ...madeBy(transaction, result, context),
    configDigest: config.digest,
    files: config.files.map(({ path, sha256 }) => ({ path, sha256 })),
    ...(config.revision == null ? {} : { revision: config.revision }),
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    modules: declaredModules(transaction, context),
    policy: config.policy,
    ...chosen(config.alternatives),
  };
  await save(generation, context);
}

/** Takes what a transaction changed over into the generation in force; the rest of it stays, drift or not. */
export async function amendGeneration(transaction: Transaction, result: Result, context: EngineContext): Promise<void> {
  if (context.generation === null) return;
  const { instances } = context.ports;
  const { configDigest, files, revision, policy, alternatives } = context.generation;
  const changed = new Set(result.changes.filter(({ status }) => status === 'ok').map(({ name }) => name));
  const modules = context.generation.modules.map((record) => {
    const loaded = changed.has(record.name) ? instances.get(record.name) : undefined;
    return loaded?.origin === 'config' ? recordOf(loaded) : record;
  });
  const amended = { configDigest, files, ...(revision === undefined ? {} : { revision }), modules, policy };
  const generation = { ...madeBy(transaction, result, context), ...amended, ...(alternatives === undefined ? {} : { alternatives }) };
  await save(generation, context);
}

/** When, by whom and why it came to be, and how that went. */
function madeBy({ trigger, reason, by }: Transaction, result: Result, { ports }: EngineContext) {
  return {
    number: ports.store.state.generation + 1,
    at: new Date(ports.clock.now()).toISOString(),
    trigger,
    reason,
    ...byOf(by),
    planId: result.planId,
    run: runOf(result),
    result: keptResult(result, ports),
  };
}

function chosen(alternatives: Alternatives | undefined): Pick<Generation, 'alternatives'> {
  return alternatives === undefined || alternatives.size === 0 ? {} : { alternatives: Object.fromEntries(alternatives) };
}

/** What became of its run is read where somebody asks for it: of a thousand modules that is a megabyte. */
export function inMemory<T extends Generation | null>(generation: T): T {
  if (generation === null) return generation;
  const { result, ...rest } = generation;
  return rest as T;
}

/** That another generation is in force than was, for its file is damaged; nothing once a run has made one since. */
export function standIn({ generation, ports }: EngineContext): Diagnostic[] {
  const { generation: last } = ports.store.state;
  if (last === (generation?.number ?? 0)) return [];
  const instead = generation === null ? 'none before it is whole' : `generation ${generation.number} is in force in its place`;
  const message = `the file of generation ${last} is damaged; ${instead}`;
  return [{ severity: 'warning', code: 'generationDamaged', message, file: '', line: 0, column: 0, endLine: 0, endColumn: 0 }];
}

async function save(generation: Generation, context: EngineContext): Promise<void> {
  await context.ports.store.saveGeneration(generation);
  context.generation = inMemory(generation);
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

function hasConfigInForce({ config }: Wanted, { generation }: EngineContext): boolean {
  return config.digest === generation?.configDigest && equal(config.policy, generation.policy);
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
