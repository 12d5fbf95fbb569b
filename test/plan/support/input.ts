import { deepFreeze } from '../../../src/model/canonical.ts';
import type { Desired, Hold, Loaded } from '../../../src/model/module.ts';
import { type PlanInput, plainRequest, type Request } from '../../../src/model/plan-input.ts';
import { defaultPolicy, type Policy } from '../../../src/model/policy.ts';

export interface Given {
  desired?: readonly Desired[];
  loaded?: readonly Loaded[];
  holds?: readonly Hold[];
  request?: Partial<Request>;
  policy?: Partial<Policy>;
  /** Of the generation in force; that of the config unless given. */
  appliedPolicy?: Partial<Policy>;
  applied?: readonly string[];
  env?: readonly string[];
  /** By service the module that is to have it. */
  alternatives?: Record<string, string>;
  now?: number;
}

/** A whole-config run over what is given, frozen all the way down. */
export function planInput(given: Given): PlanInput {
  const policy = { ...defaultPolicy, ...given.policy };
  return deepFreeze({
    desired: byName(given.desired ?? []),
    config: {
      ...{ digest: 'd1', files: [{ path: '/etc/muster.yaml', text: '', sha256: 'f1' }], policy, warnings: [] },
      alternatives: new Map(Object.entries(given.alternatives ?? {})),
    },
    loaded: byName(given.loaded ?? []),
    holds: given.holds ?? [],
    applied: {
      policy: { ...policy, ...given.appliedPolicy },
      names: given.applied ?? (given.loaded ?? []).filter(({ origin }) => origin === 'config').map(({ name }) => name),
    },
    request: { ...plainRequest, ...given.request },
    target: { daemonId: 'daemon-1', host: 'web1', serial: 40, generation: 17 },
    env: new Set(given.env ?? []),
    dryRun: false,
    now: given.now ?? Date.UTC(2030, 0, 1),
    id: 'plan-1',
  });
}

function byName<T extends { name: string }>(modules: readonly T[]): ReadonlyMap<string, T> {
  return new Map(modules.map((module) => [module.name, deepFreeze(module)]));
}
