import { MusterError } from '../model/error.ts';
import type { ExplainDoc, ExplainedField } from '../model/explain.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Desired, Loaded, LoadedRecord } from '../model/module.ts';
import { formatVersion, type Plan } from '../model/plan.ts';
import { providers, requirementsOf } from '../model/requires.ts';
import { isMap, isReference, shownSettings } from '../model/settings.ts';
import { didYouMean } from '../model/suggest.ts';
import { reasonsOf } from './because.ts';
import type { EngineContext } from './context.ts';
import { driftPlan, dryRun } from './reconcile.ts';

/** Where a module comes from, declared or loaded, and why it is as it is. Throws ENOENT for what is neither. */
export async function explain(name: string, context: EngineContext): Promise<ExplainDoc> {
  const pending = await pendingPlan(context);
  const { ports, outcome } = context;
  const desired = outcome?.ok === true ? outcome.wanted.desired : new Map<string, Desired>();
  const wanted = desired.get(name);
  const loaded = ports.instances.get(name);
  const module = wanted ?? loaded;
  if (module === undefined) throw unknown(name, [...desired.keys(), ...ports.instances.snapshot().keys()]);
  const declaredAt = wanted?.source ?? (loaded?.origin === 'config' ? loaded.source : null);
  const change = pending?.changes.find((each) => each.name === name || each.from === name);
  const all = new Map<string, Pick<LoadedRecord, 'spec'>>([...ports.instances.snapshot(), ...desired]);
  const view = ports.instances.views().find((each) => each.name === name);
  return {
    formatVersion,
    name,
    kind: module.kind,
    declaredAt,
    revision: outcome?.ok === true ? (outcome.wanted.config.revision ?? null) : (outcome?.revision ?? null),
    commit: declaredAt === null ? null : await ports.sources.blame(declaredAt),
    loaded: loaded === undefined || view === undefined ? null : loadedDoc(loaded, view.since, context),
    because: reasonsOf(name, { pending, change, wanted, loaded, view, drift: driftPlan(context) }, context),
    pending: change === undefined ? null : { action: change.action, reason: change.reason },
    fields: await fieldsOf(name, wanted ?? module, context),
    ...relationsOf(name, module, all),
  };
}

/** Null where the config does not hold: then it says nothing of what is to be done. */
async function pendingPlan(context: EngineContext): Promise<Plan | null> {
  try {
    return await dryRun({ reason: null, request: { retryFailed: true } }, context);
  } catch (error) {
    if (error instanceof MusterError) return null;
    throw error;
  }
}

function loadedDoc({ state, failed, origin, generation }: Loaded, since: string, { ports }: EngineContext): ExplainDoc['loaded'] {
  const head = ports.store.state.heads.get(generation);
  if (head === undefined) return { state, failed, since, origin, generation: null };
  const { number, at, trigger, reason, by, revision } = head;
  const known = { number, at, trigger, reason, ...(by === undefined ? {} : { by }), ...(revision === undefined ? {} : { revision }) };
  return { state, failed, since, origin, generation: known };
}

/** What somebody says of it, with the values that it has; what is set stands over what the config says. */
async function fieldsOf(name: string, { spec }: Pick<LoadedRecord, 'spec'>, { ports }: EngineContext): Promise<ExplainedField[]> {
  const shown = shownSettings(spec as unknown as Record<string, unknown>, [], (reference) => reference);
  // What was set over what the config itself says is in what is loaded alone.
  const { settings } = (ports.instances.get(name)?.spec ?? spec) as CodeSpec;
  const set =
    settings === undefined
      ? []
      : leavesOf(
          shownSettings(settings, [], (reference) => reference),
          [],
        );
  const isSet = (path: readonly string[]): boolean => {
    const at = path.join('.');
    return path[0] === 'config' && set.some((each) => `config.${each.path}` === at || `config.${each.path}`.startsWith(`${at}.`));
  };
  const said = (await ports.sources.said(name)).filter(({ path }) => !isSet(path));
  const fields = said.map(({ path, from, at }) => ({ path: path.join('.'), value: plain(valueAt(shown, path)), from, at }));
  return [...fields, ...set.map(({ path, value }) => ({ path: `config.${path}`, value: plain(value), from: 'set' as const, at: null }))];
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], tree) ?? null;
}

/** Of a secret where it is read from. */
function plain(value: unknown): unknown {
  if (!isReference(value)) return value;
  return { secret: value.secret.startsWith('sealed:') ? 'text' : value.secret };
}

function leavesOf(tree: unknown, path: readonly string[]): { path: string; value: unknown }[] {
  if (!isMap(tree) || isReference(tree) || Object.keys(tree).length === 0) {
    return [{ path: path.join('.'), value: tree }];
  }
  return Object.entries(tree).flatMap(([key, value]) => leavesOf(value, [...path, key]));
}

function relationsOf(name: string, { spec }: Pick<LoadedRecord, 'spec'>, all: ReadonlyMap<string, Pick<LoadedRecord, 'spec'>>) {
  const provider = providers(all);
  const requiredBy = [...all].filter(([, other]) => requirementsOf(other.spec).some((item) => provider(item.name) === name));
  return {
    requires: requirementsOf(spec)
      .map((item) => item.name)
      .sort(),
    requiredBy: requiredBy.map(([other]) => other).sort(),
  };
}

function unknown(name: string, known: readonly string[]): MusterError {
  const near = didYouMean(name, new Set(known));
  return new MusterError('ENOENT', `"${name}" is neither declared nor loaded${near === undefined ? '' : `; ${near}`}`, {
    hint: 'muster list shows what is loaded',
  });
}
