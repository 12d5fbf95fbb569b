import * as z from 'zod/mini';
import {
  type CgroupDoc,
  type CgroupValue,
  type DownDoc,
  type EventDoc,
  type InfoDoc,
  type ListDoc,
  type LogRecord,
  type ModuleStats,
  type OutdatedDoc,
  type Progress,
  type Rusage,
  rusageOf,
  type SettingDoc,
  type TraceRecord,
} from './documents.ts';
import type { ExplainDoc } from './explain.ts';
import type { GenerationDoc, HistoryDoc } from './generation.ts';
import type { MetricsDoc } from './metrics.ts';
import type { Plan, Result, SavedPlan } from './plan.ts';
import type { StateDoc } from './state-doc.ts';
import type { StatusDoc } from './status-doc.ts';

const names = z.array(z.string().check(z.minLength(1))).check(z.minLength(1));
const ms = z.number().check(z.nonnegative());
const flag = z.optional(z.boolean());
const text = z.optional(z.string());
/** Characters of what people say of themselves and of why. */
const mostWords = 1000;
const limit = z.union([z.int().check(z.nonnegative()), z.string().check(z.regex(/^\d+(\.\d+)?%$/))]);

/** Options of every method that changes something (`changing.ts`). */
const asked = {
  /** Who asks, in the words of who does. Of a module its name stands instead. */
  by: z.optional(z.string().check(z.minLength(1), z.maxLength(mostWords), z.regex(/^(?!module:)\P{Cc}+$/u))),
  /** Why, as the caller says; kept with the generation, if it makes one, and in the audit log. */
  reason: z.optional(z.string().check(z.maxLength(mostWords))),
};

/** Options of every method that changes something by a plan. */
const run = {
  ...asked,
  dryRun: flag,
  override: flag,
  /** ms to wait for another run, or for a command on the same names, before giving up with EALREADY. */
  lockTimeout: z.optional(ms),
  /** Stream `{progress}` parts before the response. */
  progress: flag,
};

/** Options of runs over the whole config. */
const whole = {
  ...run,
  /** Wait until what was changed is healthy, at most `timeout` ms. */
  wait: flag,
  timeout: z.optional(ms),
};

const generation = z.int().check(z.positive());
const compared = z.union([z.strictObject({ generation }), z.strictObject({ files: z.array(z.string()).check(z.minLength(1)) })]);

/**
 * The methods of service `muster`, with what they take: the one typed table that the socket, the commands and modules share.
 * The types of the responses stand in `Responses`. Method `x` is topic `muster.x`. All durations are ms.
 */
export const params = {
  ping: z.strictObject({}),
  status: z.strictObject({ wait: z.optional(z.array(z.enum(['synced', 'healthy']))), timeout: z.optional(ms) }),
  list: z.strictObject({ service: text }),
  info: z.strictObject({ target: z.string() }),
  /** Where a module comes from, declared or loaded, and why it is as it is. */
  explain: z.strictObject({ name: z.string() }),
  /** The whole config against what is loaded. `from`: absolute paths of files to use instead of the daemon's own. */
  reconcile: z.strictObject({
    ...whole,
    from: z.optional(z.array(z.string())),
    against: z.optional(z.literal('empty')),
    prune: z.optional(z.enum(['owned', 'none', 'all'])),
    maxRemovals: z.optional(limit),
    allowEmpty: flag,
    only: z.optional(z.array(z.string())),
    skip: z.optional(z.array(z.string())),
    onFailure: z.optional(z.enum(['continue', 'stop', 'rollback'])),
    /** With `dryRun`: the plan can be applied later, as `plan`, if it can be applied at all. */
    save: flag,
    /** Goes back to the generation before if it fails, or if what it touched is not healthy within `timeout`. */
    autoRollback: flag,
    /** A saved plan, whole. What it was made with cannot be given again. */
    plan: z.optional(z.record(z.string(), z.unknown())),
    requireCurrentConfig: flag,
  }),
  /** A generation that is kept, or the one before, again. */
  rollback: z.strictObject({
    ...whole,
    to: z.optional(generation),
    maxRemovals: z.optional(limit),
    allowEmpty: flag,
    onFailure: z.optional(z.enum(['continue', 'stop', 'rollback'])),
  }),
  /** Without `generation` all that are kept. */
  history: z.strictObject({ generation: z.optional(generation) }),
  /** What would change from one to the other; `files` are absolute. */
  diff: z.strictObject({ from: compared, to: compared }),
  /** Without a name a run over the whole config, as by SIGHUP; with one that module again. */
  reload: z.strictObject({ ...whole, name: text, args: z.optional(z.array(z.string())), force: flag, autoRollback: flag }),
  restart: z.strictObject({ ...run, names }),
  /** Ends with the hold that keeps it stopped; `reason` is the hold's. */
  stop: z.strictObject({ ...asked, names, override: flag }),
  /** The holds that these names have end first, so there is no dry run of it. */
  start: z.strictObject({ ...asked, names, override: flag, lockTimeout: z.optional(ms), progress: flag }),
  signal: z.strictObject({ ...asked, name: z.string(), signal: z.string() }),
  /** Refuses a name that is being worked on instead of waiting for it. */
  load: z.strictObject({
    ...asked,
    dryRun: flag,
    override: flag,
    progress: flag,
    /** A path (absolute), `builtin:NAME`, a bare name, or with `command` the instance name. */
    target: z.string(),
    args: z.array(z.string()),
    name: text,
    isolation: z.optional(z.enum(['thread', 'shared', 'process'])),
    service: text,
    config: z.optional(z.record(z.string(), z.unknown())),
    env: z.optional(z.record(z.string(), z.string())),
    command: flag,
    package: text,
    /** The caller's folder: relative paths and the command's cwd. */
    cwd: z.string(),
  }),
  /** A package as a module by hand, or with `save` in the config file too. */
  install: z.strictObject({
    ...run,
    /** As npm takes it; without it all that is declared. */
    spec: z.optional(z.string()),
    name: text,
    args: z.optional(z.array(z.string())),
    config: z.optional(z.record(z.string(), z.unknown())),
    env: z.optional(z.record(z.string(), z.string())),
    allowScripts: flag,
    save: flag,
    /** Only what `muster.lock` has. */
    frozen: flag,
    /** Relative paths in `spec` start there. */
    cwd: z.string(),
  }),
  /** Names, or paths of packages that run where they are (absolute). */
  uninstall: z.strictObject({ ...run, names, purge: flag }),
  /** Of the config of a module; `a.b` is a key within `a`. */
  set: z.strictObject({ ...run, name: z.string(), key: z.string(), value: z.unknown() }),
  unset: z.strictObject({ ...run, name: z.string(), key: z.string() }),
  /** Without `key` all of it. */
  get: z.strictObject({ name: z.string(), key: text }),
  /** An action of a package; `timeout`: how long nothing may come. A scoped one answers in parts. */
  trigger: z.strictObject({
    ...asked,
    name: z.string(),
    action: z.string(),
    param: z.optional(z.unknown()),
    timeout: z.optional(ms),
  }),
  /** What is newer in the registry than the packages that are loaded. */
  outdated: z.strictObject({}),
  /** `reason` is that of the `hold` too. */
  remove: z.strictObject({ ...run, names, force: flag, cancel: flag, hold: flag, recursive: flag }),
  hold: z.strictObject({
    ...asked,
    names: z.optional(names),
    all: flag,
    reason: z.string().check(z.regex(/\S/, 'expected a reason'), z.maxLength(mostWords)),
    for: z.optional(ms.check(z.minimum(1, 'expected a time that is not over at once'))),
  }),
  release: z.strictObject({ ...asked, names: z.optional(names), all: flag, progress: flag }),
  drift: z.strictObject({}),
  /** What a plan without a daemon needs to know of this one. */
  export: z.strictObject({
    /** Modules come as parts, some hundred each, and the response is the rest: all of them may be more than one message can be. */
    parts: flag,
  }),
  logs: z.strictObject({ names, follow: flag, lines: z.optional(z.int().check(z.nonnegative())), since: z.optional(ms) }),
  events: z.strictObject({ follow: flag, lines: z.optional(z.int().check(z.nonnegative())) }),
  /** Counters of one module; without a name of all, by name. With `rusage` that instead, without a name of the daemon. */
  stats: z.strictObject({ name: text, clear: flag, clearAll: flag, rusage: z.optional(z.enum(rusageOf)) }),
  metrics: z.strictObject({}),
  /** Without `op` the flags as they are. */
  debug: z.strictObject({
    ...asked,
    name: z.string(),
    op: z.optional(z.enum(['set', 'setbit', 'clearbit', 'clear'])),
    flags: z.optional(z.int().check(z.nonnegative())),
  }),
  /** Without `key` all of it. */
  cgroup: z.strictObject({ ...asked, name: z.string(), key: text, value: text }),
  publish: z.strictObject({ topic: z.string(), payload: z.optional(z.unknown()) }),
  /** Until the caller leaves. Names need not be loaded (yet). */
  trace: z.strictObject({
    names: z.optional(z.array(z.string())),
    full: flag,
    types: z.optional(z.array(z.enum(['request', 'response', 'event', 'control']))),
    topic: text,
  }),
  down: z.strictObject({ ...asked, keep: flag }),
};

export type Method = keyof typeof params;
export type Params<M extends Method> = z.output<(typeof params)[M]>;

/** What each method answers; for `logs`, `events` and `trace` each part of the stream. */
export interface Responses {
  ping: { pid: number; version: string };
  status: StatusDoc & { waited?: boolean };
  list: ListDoc;
  info: InfoDoc;
  explain: ExplainDoc;
  reconcile: Plan | SavedPlan | Result;
  rollback: Plan | Result;
  history: HistoryDoc | GenerationDoc;
  diff: Plan;
  reload: Plan | Result;
  restart: Plan | Result;
  stop: { stopped: string[] };
  start: Plan | Result;
  signal: Record<string, never>;
  load: Plan | Result;
  install: Plan | Result;
  uninstall: Plan | Result;
  outdated: OutdatedDoc;
  set: Plan | Result;
  unset: Plan | Result;
  get: SettingDoc;
  trigger: unknown;
  remove: Plan | Result;
  hold: { held: string[] };
  release: Plan | Result;
  drift: Plan;
  export: StateDoc;
  logs: LogRecord[];
  events: EventDoc[];
  stats: ModuleStats | Rusage | { modules: Record<string, ModuleStats> };
  metrics: MetricsDoc;
  debug: { flags: number };
  cgroup: CgroupDoc | CgroupValue;
  publish: Record<string, never>;
  trace: { records: TraceRecord[]; dropped: number };
  down: DownDoc;
}

/** A part of the response of a run that was called with `progress: true`. */
export interface ProgressPart {
  progress: Progress;
}
