import { randomUUID } from 'node:crypto';
import type { ConfigSet } from '../model/config-set.ts';
import type { Desired, Loaded } from '../model/module.ts';
import { type PlanInput, plainRequest, type Request } from '../model/plan-input.ts';
import { defaultPolicy } from '../model/policy.ts';
import type { At } from './surroundings.ts';

/** What a caller may ask of a plan; the options of `reconcile`. */
export type Asked = Partial<Pick<Request, 'override' | 'only' | 'skip' | 'prune' | 'maxRemovals' | 'allowEmpty' | 'onFailure'>>;

export interface Situation {
  config: ConfigSet;
  desired: ReadonlyMap<string, Desired>;
  loaded: ReadonlyMap<string, Loaded>;
  /** The config that `loaded` comes from. */
  base: ConfigSet | null;
  at: At;
  /** What the plan is for, as its header names it. */
  host: string;
}

/** A whole-config dry-run where no daemon is. */
export function planInput({ config, desired, loaded, base, at, host }: Situation, asked: Asked): PlanInput {
  return {
    desired,
    config,
    loaded,
    holds: [],
    applied: { policy: base?.policy ?? defaultPolicy, names: [...loaded.keys()] },
    request: { ...plainRequest, retryFailed: true, ...asked },
    target: { daemonId: '', host, serial: 0, generation: 0 },
    env: new Set(Object.keys(at.env).filter((name) => at.env[name] !== undefined)),
    dryRun: true,
    now: Date.now(),
    id: randomUUID(),
  };
}
