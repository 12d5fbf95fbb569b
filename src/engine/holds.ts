import { MusterError } from '../model/error.ts';
import { globMatches, isGlob } from '../model/glob.ts';
import type { Params } from '../model/methods.ts';
import type { Hold } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { HoldDoc } from '../model/status-doc.ts';
import { type Command, type Common, runCommand } from './command.ts';
import { declaredNow, desiredWith } from './commands.ts';
import { type EngineContext, holdsNow } from './context.ts';
import { due } from './due.ts';
import { loadedNames, notLoaded } from './names.ts';
import { byOf } from './serial.ts';
import { isUnderWay } from './under-way.ts';

const everything = '*';

/** `hold NAME...|--all --reason R [--for D]`. Also for declared names that are not loaded. */
export async function hold(params: Params<'hold'>, context: EngineContext): Promise<string[]> {
  const names = params.all === true ? [everything] : await knownNames(params.names ?? [], context);
  if (names.length === 0) throw new MusterError('EINVAL', 'name what to hold, or say --all');
  await keep(names, { reason: params.reason, forMs: params.for ?? null, by: params.by }, context);
  return names;
}

/** Holds these, loaded or not. What was stopped stays stopped under the new hold, and is started when that is released. */
export async function keep(
  names: readonly string[],
  { reason, forMs, by }: { reason: string; forMs: number | null; by: string | undefined },
  context: EngineContext,
): Promise<void> {
  const { store, clock } = context.ports;
  const since = clock.now();
  const until = forMs === null ? null : since + forMs;
  await store.append(
    ...names.map((name) => {
      const stopped = store.state.holds.get(name)?.stopped === true ? { stopped: true } : {};
      return { type: 'hold' as const, hold: { name, reason, since, until, ...stopped } };
    }),
  );
  for (const name of names) context.events.emit({ type: 'hold', name, message: reason, fields: { until: dateOf(until), ...byOf(by) } });
}

/**
 * `stop NAME...`: stopped, and held so that no run starts it again. What somebody else holds is refused: the hold of a
 * stop would take the place of theirs.
 */
export async function stop({ names: patterns, override, reason }: Params<'stop'>, context: EngineContext): Promise<string[]> {
  const { store, clock, instances } = context.ports;
  const loaded = instances.snapshot();
  const names = loadedNames(patterns, loaded);
  if (override !== true) {
    assertNotHeld(names, context);
    const declared = due(context);
    const isProtected = (name: string): boolean => [loaded, declared].some((all) => all.get(name)?.spec.protect === true);
    assertNotProtected(names.filter(isProtected));
  }
  const since = clock.now();
  const holds = names.map((name): Hold => ({ name, reason: reason ?? 'stopped by hand', since, until: null, stopped: true }));
  await store.append(...holds.map((item) => ({ type: 'hold' as const, hold: item })));
  await Promise.all(
    names.map(async (name) => {
      // Whoever has the claim waits for its end.
      if (isUnderWay(name, context)) await instances.halt(name);
      const claim = await context.claims.acquire(name, 'stop');
      try {
        // Who has released it meanwhile wants it to run.
        const isStopped = store.state.holds.get(name)?.stopped === true;
        const isThere = instances.get(name) !== undefined;
        if (isStopped && isThere) await instances.halt(name);
        // A run that was on its way to it has removed it: there is nothing to hold.
        if (isStopped && !isThere) await store.append({ type: 'released', name });
      } finally {
        claim.release();
      }
    }),
  );
  return names;
}

function assertNotHeld(names: readonly string[], context: EngineContext): void {
  const holds = holdsNow(context);
  const all = holds.find((item) => item.name === everything);
  for (const name of names) {
    const found = holds.find((item) => item.name === name) ?? all;
    if (found === undefined || found.stopped === true) continue;
    throw new MusterError('EREFUSED', `${name} is held: ${found.reason}`, { hint: 'muster release, or --override' });
  }
}

function assertNotProtected(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new MusterError('EREFUSED', `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} protected`, {
    hint: '--override stops it all the same',
  });
}

/** `release NAME...|--all`, `start NAME...` and expiry: brings just these to the generation in force. */
export async function release(names: readonly string[], common: Common, context: EngineContext): Promise<Plan | Result> {
  const { store, instances } = context.ports;
  const over = names.flatMap((name) => store.state.holds.get(name) ?? []);
  await store.append(...over.map(({ name }) => ({ type: 'released' as const, name })));
  for (const { name } of over) context.events.emit({ type: 'hold', name, message: 'released', fields: byOf(common.by) });
  const prepare = (): Command => {
    const loaded = instances.snapshot();
    const wanted = due(context);
    // What has a hold of its own stays held when all is released that has none.
    const all = names.includes(everything)
      ? [...new Set([...wanted.keys(), ...loaded.keys()])].filter((name) => !store.state.holds.has(name))
      : names;
    const stopped = over.filter((hold) => hold.stopped === true).map(({ name }) => name);
    // What was stopped is listed: what is not was removed since, and stays away.
    const isBack = (name: string): boolean => loaded.has(name) || !stopped.includes(name);
    const desired = desiredWith(
      loaded,
      all.filter(isBack).flatMap((name) => wanted.get(name) ?? []),
    );
    // What was declared and is no more was there by its hold alone.
    const isDropped = (name: string): boolean => loaded.get(name)?.origin === 'config' && !wanted.has(name);
    if (context.generation !== null) for (const name of all.filter(isDropped)) desired.delete(name);
    return {
      name: 'release',
      common,
      request: { scope: new Set(all), again: new Set(stopped.filter((name) => loaded.get(name)?.state === 'E')), retryFailed: true },
      desired,
      busy: 'wait',
      declared: { has: (name) => due(context).has(name) },
    };
  };
  return runCommand(prepare, context);
}

/**
 * The names of holds that `release NAME...` stands for. Throws ENOENT for what is not held, and EREFUSED while everything
 * is: the module could not be brought up to date, and its own hold would be lost.
 */
export function heldNames(
  params: Pick<Params<'release'>, 'names' | 'all'> & { override?: boolean | undefined },
  context: EngineContext,
): string[] {
  const { holds } = context.ports.store.state;
  if (params.all === true) return [...holds.keys()];
  const frozen = holdsNow(context).find((item) => item.name === everything);
  if (frozen !== undefined && params.override !== true && params.names?.includes(everything) !== true) {
    throw new MusterError('EREFUSED', `everything is held: ${frozen.reason}`, { hint: 'muster release --all' });
  }
  return (params.names ?? []).flatMap((pattern) => {
    const found = [...holds.keys()].filter((name) => name === pattern || (isGlob(pattern) && globMatches(pattern, name)));
    if (found.length > 0) return found;
    const held = holds.size === 0 ? '' : `; held: ${[...holds.keys()].join(', ')}`;
    throw new MusterError('ENOENT', `${pattern} is not held${held}`, {
      hint: `what has ended is started again by muster reload ${pattern}`,
    });
  });
}

/** A hold as documents have it. */
export function holdDoc({ since, until, ...hold }: Hold): HoldDoc {
  return { ...hold, since: new Date(since).toISOString(), until: dateOf(until) };
}

const dateOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

async function knownNames(patterns: readonly string[], context: EngineContext): Promise<string[]> {
  const loaded = context.ports.instances.snapshot();
  const declared = await declaredNow(context);
  return patterns.flatMap((pattern) => {
    const found = loadedNames([pattern], loaded, true);
    if (found.length > 0) return found;
    if (declared.has(pattern)) return [pattern];
    throw notLoaded(pattern, loaded);
  });
}
