import type { ProcessExit } from '../../../model/keeper.ts';
import type { Execution } from '../../execute.ts';

/** What the thread gets when it starts. */
export interface ExecutorData {
  /** At `asked` and at `deaths` counts what there is to do. The thread sleeps until one of them changes. */
  readonly wake: Int32Array;
}

export const asked = 0;
export const deaths = 1;

export interface ToExecutor {
  readonly id: number;
  readonly execution: Execution;
}

export type FromExecutor =
  | { readonly type: 'executed'; readonly id: number; readonly pid: number; readonly startTime: string | null }
  | { readonly type: 'refused'; readonly id: number; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'exited'; readonly id: number; readonly exit: ProcessExit }
  | { readonly type: 'reaped'; readonly id: number };
