import type { State } from '../model/module.ts';

/**
 * All moves there are between the states of a module (CONTRACT §3); null: not listed. A running one always passes F on
 * its way out when it is told to stop, and E or B when it ends by itself. From R to R another run takes over.
 */
const moves: Readonly<Record<State | 'none', readonly (State | null)[]>> = {
  none: ['I', 'E'],
  I: ['R', 'F', 'E', 'B'],
  R: ['F', 'E', 'B', 'R'],
  F: ['E', 'B', null],
  E: ['I', null],
  B: ['I', 'E', null],
};

export function mayMove(from: State | null, to: State | null): boolean {
  return moves[from ?? 'none'].includes(to);
}

/** Throws where a move is not allowed: a bug of the shell, never of a user. */
export function checkMove(name: string, from: State | null, to: State | null): void {
  if (!mayMove(from, to)) throw new Error(`module ${name} cannot go from ${from ?? 'nothing'} to ${to ?? 'nothing'}`);
}

/** Whether a module counts as healthy: not failed, not between two restarts, not on its way up. */
export function isHealthy(state: State, failed: boolean): boolean {
  return state === 'R' || state === 'F' || (state === 'E' && !failed);
}
