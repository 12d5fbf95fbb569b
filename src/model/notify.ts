import type { SecretRef } from './fields/kit.ts';
import type { Summary } from './plan.ts';

export const notifyOn = ['applied', 'failed', 'drifted', 'degraded', 'recovered'] as const;
export type NotifyOn = (typeof notifyOn)[number];

/** One entry of `notify:`; exactly one of `url` and `exec`. */
export interface NotifySpec {
  readonly on: readonly NotifyOn[];
  /** Gets a POST of JSON. */
  readonly url?: string | SecretRef | undefined;
  /** A program that gets the same JSON at its standard input: argv, no shell. */
  readonly exec?: readonly string[] | undefined;
  /** Further headers of the POST. */
  readonly headers?: Readonly<Record<string, string | SecretRef>> | undefined;
  /** ms for one attempt. */
  readonly timeout: number;
  /** Absolute folder of the file that says so. */
  readonly cwd: string;
}

export interface NotifiedChange {
  readonly name: string;
  readonly action: string;
  readonly status: string;
  readonly error: string | null;
}

/** A run over the whole config that is over, or a command that changed something. */
export interface RunNews {
  readonly type: 'run';
  /** ms since the epoch. */
  readonly at: number;
  /** Of the whole config. */
  readonly whole: boolean;
  readonly trigger: string;
  readonly by: string | null;
  readonly reason: string | null;
  readonly outcome: 'noChanges' | 'applied' | 'failed' | 'refused' | 'error';
  readonly exitCode: number;
  readonly planId: string | null;
  readonly summary: Summary | null;
  readonly changes: readonly NotifiedChange[];
  /** What kept it from being done, in sentences. */
  readonly errors: readonly string[];
}

/** How it is with what runs. */
export interface Situation {
  readonly type: 'situation';
  readonly at: number;
  readonly unhealthy: readonly { readonly name: string; readonly reason: string }[];
  /** Names of what is loaded. */
  readonly loaded: ReadonlySet<string>;
  /** Null: it cannot be told, since something is being changed. */
  readonly drift: readonly { readonly name: string; readonly text: string }[] | null;
}

/** What the engine tells of what happens; who is to be told of it is decided elsewhere. */
export type Happening = RunNews | Situation;

/** What is sent. Nothing secret is in it. */
export interface Notification {
  readonly formatVersion: string;
  /** The same with each attempt. */
  readonly id: string;
  /** ISO 8601 */
  readonly at: string;
  readonly event: NotifyOn;
  /** All of it in a sentence. */
  readonly text: string;
  readonly daemon: { readonly id: string; readonly name: string; readonly host: string };
  readonly generation: number;
  readonly revision: string | null;
  readonly planId: string | null;
  readonly trigger: string | null;
  readonly by: string | null;
  readonly reason: string | null;
  readonly outcome: string | null;
  readonly exitCode: number | null;
  readonly summary: Summary | null;
  readonly changes: readonly NotifiedChange[];
  /** Changes beyond those listed. */
  readonly moreChanges: number;
  readonly errors: readonly string[];
  readonly unhealthy: Situation['unhealthy'];
  readonly drift: readonly { readonly name: string; readonly text: string }[];
}

/** How it is with one receiver, as `status` shows it. */
export interface ReceiverDoc {
  /** What of its address may be shown. */
  readonly to: string;
  readonly on: readonly NotifyOn[];
  /** Notifications that wait. */
  readonly waiting: number;
  /** Those that were given up. */
  readonly dropped: number;
  /** When it took the last one. */
  readonly deliveredAt: string | null;
  /** Why it does not take the one whose turn it is; null: it does, or there is none. */
  readonly failure: { readonly message: string; readonly since: string; readonly attempts: number } | null;
}
