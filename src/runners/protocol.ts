import type { StatusLevel } from '../model/documents.ts';
import type { Ended } from '../model/driver.ts';
import type { ErrorCode } from '../model/error.ts';

/** What a realm needs to run one module. */
export interface Start {
  readonly name: string;
  /** The entry file, or `builtin:NAME`; packages are looked up from there. */
  readonly path: string;
  /** The compiled code, its source map beside it as `.map`. */
  readonly codeFile: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Bytes. */
  readonly maxHeap: number | null;
  /** Of a module found by a bare name: what it has to export as `name`, if it exports one. */
  readonly expectName: string | null;
}

/** Anything that was thrown, as data; the stack is mapped to the sources. */
export interface Thrown {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string;
}

export type ToRealm =
  | { readonly type: 'stop' }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'reconfigure'; readonly call: number; readonly config: Readonly<Record<string, unknown>> };

export type FromRealm =
  | { readonly type: 'ready' }
  | { readonly type: 'reconfigurable' }
  | { readonly type: 'finalizing' }
  | { readonly type: 'status'; readonly level: StatusLevel; readonly message: string }
  | { readonly type: 'reconfigured'; readonly call: number; readonly thrown: Thrown | null }
  /** The last one. */
  | { readonly type: 'settled'; readonly reason: string; readonly thrown: Thrown | null };

/** A message of a realm on its way out of the thread. In a wrapping, for modules and their libraries may post to the same port. */
export interface Posted {
  readonly muster: FromRealm;
}

/** Daemon to runner. `id` is that of an instance; the daemon counts. */
export type ToRunner =
  | { readonly type: 'start'; readonly id: number; readonly start: Start }
  | { readonly type: 'kill'; readonly id: number }
  /** Output that was passed on; a runner holds back what runs ahead of it. */
  | { readonly type: 'wrote'; readonly id: number; readonly bytes: number }
  | { readonly type: 'toRealm'; readonly id: number; readonly message: ToRealm };

/** Runner to daemon. */
export type FromRunner =
  | { readonly type: 'started'; readonly id: number; readonly threadId: number }
  | { readonly type: 'output'; readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array }
  | { readonly type: 'fromRealm'; readonly id: number; readonly message: FromRealm }
  /** The last one of an instance: nothing of it is left. */
  | { readonly type: 'ended'; readonly id: number; readonly ended: Ended; readonly code: ErrorCode };

/** Bytes of output of one module that may be under way to the daemon. */
export const outputWindow = 256 * 1024;
