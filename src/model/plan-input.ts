import type { ConfigSet } from './config-set.ts';
import type { Desired, Hold, Loaded } from './module.ts';
import type { Target } from './plan.ts';
import type { OnFailure, Policy } from './policy.ts';

/** What a run asks for. Names are exact here; globs are resolved before. */
export interface Request {
  /** Names that may change; null: all, the whole-config run. */
  scope: ReadonlySet<string> | null;
  /** Of the scope what the caller named; what it requires comes along with that as the reason. Empty: all of the scope. */
  asked: ReadonlySet<string>;
  /** Reload these whether changed or not. */
  again: ReadonlySet<string>;
  /** Of these, those that read their files again at a signal (`reloadSignal`) are only told to. */
  inPlace: boolean;
  /** Remove these though they may be declared. */
  drop: ReadonlySet<string>;
  /** Try failed modules again (reason `failed`). */
  retryFailed: boolean;
  override: boolean;
  only: readonly string[];
  skip: readonly string[];
  prune: Policy['prune'] | null;
  maxRemovals: number | string | null;
  allowEmpty: boolean;
  onFailure: OnFailure | null;
  /** Dependents of a dropped one are dropped too; otherwise that is refused with EBUSY. */
  recursive: boolean;
  /** Origin of what this run loads. */
  origin: 'config' | 'manual';
}

/** A run over the whole config for which nothing special was asked. */
export const plainRequest: Request = {
  scope: null,
  asked: new Set(),
  again: new Set(),
  inPlace: false,
  drop: new Set(),
  retryFailed: false,
  override: false,
  only: [],
  skip: [],
  prune: null,
  maxRemovals: null,
  allowEmpty: false,
  onFailure: null,
  recursive: false,
  origin: 'config',
};

/** What the planner gets: frozen data, nothing with which to act. */
export interface PlanInput {
  desired: ReadonlyMap<string, Desired>;
  /** Of the config in question; null for commands on modules loaded by hand. */
  config: Pick<ConfigSet, 'digest' | 'files' | 'policy' | 'warnings'> & Partial<Pick<ConfigSet, 'alternatives' | 'revision'>>;
  loaded: ReadonlyMap<string, Loaded>;
  /** By service that is asked to load modules, who has registered it without saying so in its spec. */
  registered?: ReadonlyMap<string, string>;
  holds: readonly Hold[];
  /** Of the generation in force: its policy, and the names it declared. */
  applied: { policy: Policy; names: readonly string[] };
  request: Request;
  target: Target;
  /** Set variables of the daemon, for `onlyIf.env`. */
  env: ReadonlySet<string>;
  dryRun: boolean;
  /** The generation that is gone back to; absent: it is no rollback. */
  rollbackOf?: number;
  /** ms since the epoch. */
  now: number;
  /** Becomes `id` of the plan. */
  id: string;
}
