import type { Happening, NotifyOn, RunNews, Situation } from '../model/notify.ts';

/** So long something has to be wrong, or well again, before it is told: a reload is over by then. */
const settleMs = 3000;
/** A module that goes down again within this was not well: each time it has to be well for twice as long. */
const relapseMs = 3_600_000;
const mostDoublings = 7;
const mostRemembered = 1000;

/** What was told, so that it is told once; it outlives the daemon. */
export interface Told {
  /** What the last run failed with; null: it did not. */
  readonly failed: string | null;
  readonly drift: string | null;
  /** Names of modules of which it was told that they are not healthy. */
  readonly unhealthy: readonly string[];
  /** How often it was told lately of each, and when last. */
  readonly relapses: Readonly<Record<string, { readonly times: number; readonly at: number }>>;
}

export const nothingTold: Told = { failed: null, drift: null, unhealthy: [], relapses: {} };

/** How long each module is what it is. */
interface Watched {
  readonly sickSince: number;
  /** Null: it is sick. */
  readonly wellSince: number | null;
}

export interface Standing {
  readonly told: Told;
  readonly watched: ReadonlyMap<string, Watched>;
  /** The last that was seen. */
  readonly unhealthy: Situation['unhealthy'];
  /** Null: nothing was seen yet. */
  readonly loaded: Situation['loaded'] | null;
}

/** What is to be told now. */
export type News =
  | { readonly event: 'applied' | 'failed'; readonly run: RunNews }
  | { readonly event: 'drifted'; readonly drift: NonNullable<Situation['drift']> }
  | { readonly event: 'degraded'; readonly names: readonly string[]; readonly unhealthy: Situation['unhealthy'] }
  /** `gone`: those of `names` that are not loaded any more. */
  | {
      readonly event: 'recovered';
      readonly names: readonly string[];
      readonly gone: readonly string[];
      readonly unhealthy: Situation['unhealthy'];
    };

export interface Decision {
  readonly standing: Standing;
  readonly news: readonly News[];
  /** When to look again though nothing happens; null: there is nothing to wait for. */
  readonly lookAt: number | null;
}

export function standingAfter(told: Told): Standing {
  return { told, watched: new Map(), unhealthy: [], loaded: null };
}

/** Which notifications follow from what happened. Transitions count: what goes on as it was told already is no news. */
export function decide(standing: Standing, happening: Happening | { readonly type: 'time'; readonly at: number }): Decision {
  if (happening.type === 'run') return afterRun(standing, happening);
  if (happening.type === 'time') return settled(standing, happening.at, []);
  const drifted = afterLook(standing.told, happening);
  const watched = watch(standing, happening);
  return settled({ told: drifted.told, watched, unhealthy: happening.unhealthy, loaded: happening.loaded }, happening.at, drifted.news);
}

function afterRun(standing: Standing, run: RunNews): Decision {
  const { told } = standing;
  const keep = (news: readonly News[], failed = told.failed): Decision => ({
    standing: { ...standing, told: { ...told, failed } },
    news,
    lookAt: nextLook(standing),
  });
  switch (run.outcome) {
    case 'noChanges':
      return keep([], run.whole ? null : told.failed);
    case 'applied':
      return keep([{ event: 'applied', run }], run.whole ? null : told.failed);
    default: {
      const failed = failureOf(run);
      if (failed !== told.failed) return keep([{ event: 'failed', run }], failed);
      return keep(run.changes.some(({ status }) => status === 'ok') ? [{ event: 'applied', run }] : []);
    }
  }
}

/** The same for two runs that fail in the same way. */
function failureOf({ outcome, changes, errors, whole }: RunNews): string {
  const failed = changes.filter(({ status }) => status !== 'ok').map(({ name, action, error }) => `${action} ${name} ${error}`);
  return `${whole} ${outcome} ${[...failed.sort(), ...errors].join(' ')}`.slice(0, 2000);
}

function afterLook(told: Told, { drift }: Situation): { told: Told; news: News[] } {
  if (drift === null) return { told, news: [] };
  const found =
    drift.length === 0
      ? null
      : drift
          .map(({ name, text }) => `${name} ${text}`)
          .sort()
          .join('\n');
  const isNews = found !== null && found !== told.drift;
  return { told: { ...told, drift: found }, news: isNews ? [{ event: 'drifted', drift }] : [] };
}

function watch({ told, watched }: Standing, { unhealthy, at }: Situation): Map<string, Watched> {
  const sick = new Set(unhealthy.map(({ name }) => name));
  const after = new Map<string, Watched>();
  for (const name of sick) after.set(name, { sickSince: watched.get(name)?.sickSince ?? at, wellSince: null });
  for (const name of [...watched.keys(), ...told.unhealthy]) {
    if (sick.has(name)) continue;
    const before = watched.get(name);
    after.set(name, { sickSince: before?.sickSince ?? at, wellSince: before?.wellSince ?? at });
  }
  return after;
}

/** What has been as it is for long enough. */
function settled(standing: Standing, at: number, before: readonly News[]): Decision {
  const { told, unhealthy, loaded } = standing;
  const watched = new Map([...standing.watched].filter(([name, one]) => !isWell(name, one, told, at)));
  const due = unhealthy.filter(({ name }) => isDue(watched.get(name), at));
  const fresh = due.filter(({ name }) => !told.unhealthy.includes(name)).map(({ name }) => name);
  const isOver = told.unhealthy.length > 0 && fresh.length === 0 && told.unhealthy.every((name) => !watched.has(name));
  const after: Told = {
    ...told,
    unhealthy: isOver ? [] : [...told.unhealthy, ...fresh],
    relapses: fresh.length === 0 ? told.relapses : relapsed(told.relapses, fresh, at),
  };
  const news: News[] = [...before];
  if (fresh.length > 0) news.push({ event: 'degraded', names: fresh, unhealthy });
  if (isOver) {
    const gone = told.unhealthy.filter((name) => loaded?.has(name) === false);
    news.push({ event: 'recovered', names: told.unhealthy, gone, unhealthy });
  }
  const next = { told: after, watched, unhealthy, loaded };
  return { standing: next, news, lookAt: nextLook(next) };
}

function isDue(one: Watched | undefined, at: number): boolean {
  return one !== undefined && one.wellSince === null && at - one.sickSince >= settleMs;
}

function isWell(name: string, { wellSince }: Watched, told: Told, at: number): boolean {
  return wellSince !== null && at - wellSince >= calmMs(name, told);
}

function calmMs(name: string, { relapses }: Told): number {
  return settleMs * 2 ** Math.min(mostDoublings, Math.max(0, (relapses[name]?.times ?? 0) - 1));
}

function relapsed(before: Told['relapses'], names: readonly string[], at: number): Told['relapses'] {
  const recent = Object.entries(before).filter(([, { at: last }]) => at - last < relapseMs);
  const known = new Map(recent.slice(-mostRemembered));
  for (const name of names) known.set(name, { times: (known.get(name)?.times ?? 0) + 1, at });
  return Object.fromEntries(known);
}

function nextLook({ watched, told }: Standing): number | null {
  const times = [...watched].flatMap(([name, { sickSince, wellSince }]) => {
    if (wellSince !== null) return [wellSince + calmMs(name, told)];
    return told.unhealthy.includes(name) ? [] : [sickSince + settleMs];
  });
  return times.length === 0 ? null : Math.min(...times);
}

/** Whether a receiver wants to hear of it. */
export function isWanted(on: readonly NotifyOn[], { event }: News): boolean {
  return on.includes(event);
}
