import type { EventDoc } from '../model/documents.ts';
import type { Situation } from '../model/notify.ts';
import type { Timer } from '../model/ports.ts';
import { type Agreement, conditionsOf, type Facts } from './conditions.ts';
import { type EngineContext, holdsNow } from './context.ts';
import { type Unhealthy, unhealthy } from './health.ts';
import { driftNow } from './reconcile.ts';
import type { Runs } from './runs.ts';

/** After so long what happened at once is looked at once. */
const pauseMs = 500;
/** At most one part in so many of the time goes into looking: with thousands of modules it is done less often. */
const share = 30;
const longestPauseMs = 5000;
/** Kinds of events after which conditions may be others. */
const telling: ReadonlySet<string> = new Set([
  'state',
  'health',
  'gaveUp',
  'plan',
  'result',
  'hold',
  'config',
  'paused',
  'drift',
  'source',
]);

/** Looks when something happens, so that it is known since when it is so, though nobody asks; and tells who wants to hear of it. */
export interface Lookout {
  begin(): void;
  end(): void;
}

export function createLookout(context: EngineContext, runs: Pick<Runs<never, unknown>, 'current'>): Lookout {
  const { ports } = context;
  let timer: Timer | null = null;
  let hasBegun = false;
  let took = 0;
  let driftSeen: { readonly key: string; readonly drift: NonNullable<Situation['drift']> } | null = null;
  let told = '';

  const soon = (): void => {
    if (hasBegun) timer ??= ports.clock.after(Math.min(longestPauseMs, Math.max(pauseMs, share * took)), look);
  };
  const heard = ({ type }: EventDoc): void => {
    if (telling.has(type)) soon();
  };

  function look(): void {
    timer = null;
    if (context.stopping.signal.aborted) return;
    const began = ports.clock.now();
    const sick = unhealthy(context);
    const drift = lookForDrift();
    const facts = { ...factsNow(context, runs.current(), sick), ...(drift === null ? {} : { drift }) };
    context.transitions.observe(conditionsOf(facts), ports.clock.now());
    const situation = { unhealthy: sick, drift };
    const text = JSON.stringify(situation);
    if (text !== told) {
      const loaded = new Set(ports.instances.snapshot().keys());
      ports.tell?.({ type: 'situation', at: ports.clock.now(), ...situation, loaded });
    }
    told = text;
    took = ports.clock.now() - began;
  }

  /** Nothing that runs is compared while it is being changed, and nothing twice. */
  function lookForDrift(): Situation['drift'] {
    if (runs.current() !== null || !context.claims.isFree()) {
      soon();
      return null;
    }
    const { serial, generation, holds } = ports.store.state;
    const loaded = [...ports.instances.snapshot().keys()].join();
    const key = JSON.stringify([serial, generation, [...holds.keys()], loaded]);
    if (driftSeen?.key !== key) driftSeen = { key, drift: driftNow(context) };
    return driftSeen.drift;
  }

  context.events.subscribe(heard);
  return {
    begin() {
      hasBegun = true;
      soon();
    },
    end() {
      hasBegun = false;
      timer?.cancel();
    },
  };
}

/** What is known without asking anybody. */
export function factsNow(context: EngineContext, current: string | null, sick: readonly Unhealthy[], agreement?: Agreement): Facts {
  const { ports, outcome, lastReconcile } = context;
  const { store } = ports;
  const names = new Set(sick.map(({ name }) => name));
  const views = sick.length === 0 ? [] : ports.instances.views().filter(({ name }) => names.has(name));
  const times = views.map(({ state, since, status }) => (state === 'R' ? status.since : since)).sort();
  return {
    ...{ outcome, current, lastReconcile, unhealthy: sick },
    sickSince: times[0] ?? new Date(ports.clock.now()).toISOString(),
    failed: views.filter(({ failed }) => failed).map(({ name }) => name),
    agreement: agreement ?? context.agreement,
    held: holdsNow(context).map(({ name, reason, since }) => ({ name, reason, since: new Date(since).toISOString() })),
    paused: store.state.paused,
    source: ports.sources.source(),
    recording: store.failure,
    auditing: ports.audit?.trouble ?? null,
  };
}
