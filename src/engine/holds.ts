import { desiredOf } from '../apply/step.ts';
import type { HoldDoc } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { globMatches, isGlob } from '../model/glob.ts';
import type { Params } from '../model/methods.ts';
import type { Hold } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Command, declaredNow, desiredWith, runCommand } from './commands.ts';
import type { EngineContext } from './context.ts';
import { loadedNames, notLoaded } from './names.ts';
import { inForce } from './reconcile.ts';

const everything = '*';

/** `hold NAME...|--all --reason R [--for D]`. Also for declared names that are not loaded. */
export async function hold(params: Params<'hold'>, context: EngineContext): Promise<string[]> {
  const { store, clock } = context.ports;
  const names = params.all === true ? [everything] : await knownNames(params.names ?? [], context);
  if (names.length === 0) throw new MusterError('EINVAL', 'name what to hold, or say --all');
  const since = clock.now();
  const until = params.for === undefined ? null : since + params.for;
  await store.append(...names.map((name) => ({ type: 'hold' as const, hold: { name, reason: params.reason, since, until } })));
  for (const name of names) context.events.emit({ type: 'hold', name, message: params.reason, fields: { until: dateOf(until) } });
  return names;
}

/** `stop NAME...`: stopped, and held so that no run starts it again. */
export async function stop(params: Params<'stop'>, common: Command['common'], context: EngineContext): Promise<string[]> {
  const { store, clock, instances } = context.ports;
  const names = loadedNames(params.names, instances.snapshot());
  const reason = common.reason ?? 'stopped by hand';
  const holds = names.map((name): Hold => ({ name, reason, since: clock.now(), until: null, stopped: true }));
  await store.append(...holds.map((item) => ({ type: 'hold' as const, hold: item })));
  await Promise.all(
    names.map(async (name) => {
      const claim = await context.claims.acquire(name, 'stop');
      try {
        await instances.halt(name);
      } finally {
        claim.release();
      }
    }),
  );
  return names;
}

/** `release NAME...|--all`, `start NAME...` and expiry: brings just these to the generation in force. */
export async function release(names: readonly string[], common: Command['common'], context: EngineContext): Promise<Plan | Result> {
  const { store, instances } = context.ports;
  const held = [...store.state.holds.values()].filter((item) => names.includes(item.name));
  await store.append(...held.map(({ name }) => ({ type: 'released' as const, name })));
  for (const { name } of held) context.events.emit({ type: 'hold', name, message: 'released' });
  const loaded = instances.snapshot();
  const wanted = inForce(context).desired;
  const all = names.includes(everything) ? [...new Set([...wanted.keys(), ...loaded.keys()])] : [...names];
  const halted = all.filter((name) => loaded.get(name)?.state === 'E');
  const desired = new Map(desiredWith(loaded, []));
  for (const name of all) {
    const module = wanted.get(name) ?? loaded.get(name);
    if (module !== undefined) desired.set(name, 'origin' in module ? desiredOf(module) : module);
  }
  return runCommand(
    {
      name: 'release',
      common,
      request: { scope: new Set(all), again: new Set(halted), retryFailed: true },
      desired,
      claims: all,
      busy: 'wait',
      declared: wanted,
    },
    context,
  );
}

/** The names of holds that `release NAME...` stands for. Throws ENOENT for what is not held. */
export function heldNames(params: Params<'release'>, { ports }: EngineContext): string[] {
  const { holds } = ports.store.state;
  if (params.all === true) return [...holds.keys()];
  return (params.names ?? []).flatMap((pattern) => {
    const found = [...holds.keys()].filter((name) => name === pattern || (isGlob(pattern) && globMatches(pattern, name)));
    if (found.length > 0) return found;
    throw new MusterError('ENOENT', `${pattern} is not held${holds.size === 0 ? '' : `; held: ${[...holds.keys()].join(', ')}`}`);
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
