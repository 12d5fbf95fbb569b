/** `policy:` of the config, canonical: durations in ms. A limit is a count or a percentage such as `50%`. */
export interface Policy {
  watch: 'plan' | 'apply' | 'off';
  /** ms; 0 = never. */
  interval: number;
  selfHeal: boolean;
  prune: 'owned' | 'none' | 'all';
  maxRemovals: number | string;
  allowEmpty: boolean;
  maxUnavailable: number | string;
  onFailure: OnFailure;
  /** 0 = sensible for the machine. */
  concurrency: number;
}

export type OnFailure = 'continue' | 'stop' | 'rollback';

export const defaultPolicy: Policy = {
  watch: 'plan',
  interval: 600_000,
  selfHeal: false,
  prune: 'owned',
  maxRemovals: '50%',
  allowEmpty: false,
  maxUnavailable: '100%',
  onFailure: 'continue',
  concurrency: 0,
};
