import type { WireError } from './error.ts';

/** The one kind of message between modules, clients and the daemon (CONTRACT §7). Over sockets: one JSON text per line. */
export type Message =
  /** `shown`: the answer is for people to read, without secrets. */
  | { type: 'request'; topic: string; id: number; payload?: unknown; shown?: boolean }
  | { type: 'response'; topic: string; id: number; payload?: unknown; error?: WireError; more?: boolean }
  | { type: 'event'; topic: string; payload?: unknown }
  | { type: 'control'; topic: string; id?: number; payload?: unknown };

/** Longest line on the control socket, in bytes. */
export const maxLineBytes = 8 * 1024 * 1024;
