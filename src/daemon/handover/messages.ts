import type { WireError } from '../../model/error.ts';
import type { Heritage } from './heritage.ts';

/** From the daemon that runs to the one that takes over. */
export type FromOld =
  | { readonly type: 'hello'; readonly version: number; readonly muster: string; readonly pid: number }
  /** It goes on. */
  | { readonly type: 'refused'; readonly error: WireError }
  | { readonly type: 'heritage'; readonly heritage: Heritage }
  /** After `done`: it has nothing any more, and ends. */
  | { readonly type: 'bye' };

/** If this connection ends before `done`, the old one goes on with everything; after it the new one does. */
export type FromNew = { readonly type: 'go' } | { readonly type: 'done' };
