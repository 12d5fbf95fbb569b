import type { SecretRef } from './fields/kit.ts';

export const notifyOn = ['applied', 'failed', 'drifted', 'degraded', 'recovered'] as const;
export type NotifyOn = (typeof notifyOn)[number];

/** One entry of `notify:`; exactly one of `url` and `exec`. */
export interface NotifySpec {
  readonly on: readonly NotifyOn[];
  /** Gets a POST of JSON. */
  readonly url?: string | SecretRef;
  /** A program that gets the same JSON at its standard input: argv, no shell. */
  readonly exec?: readonly string[];
  /** Further headers of the POST. */
  readonly headers?: Readonly<Record<string, string | SecretRef>>;
  /** ms for one attempt. */
  readonly timeout: number;
}
