/** Whether the thread may let Node reap. All times are in ms. */
export interface Outlook {
  /** That live, as far as we know. */
  readonly living: number;
  /** One of the living is on its way out. */
  readonly isDying: boolean;
  /** Zombies. */
  readonly dead: number;
  /** Zombies of which only Node can say how they died: somebody waits for that. */
  readonly unclear: number;
  readonly sinceLastDeath: number;
  readonly sinceFirstDeath: number;
}

/** Deaths come together: a group, a tree, a machine that goes down. */
const quietMs = 20;
/** After one that came alone; somebody waits for its number to be free. */
const quietAfterOneMs = 5;
/** One that is on its way out may take its time, with a core to write. */
export const longestMs = 500;
/** A machine that never lets us look without a pause must not keep all numbers taken for ever. */
export const latestMs = 3000;
/** For each that lives; it takes a fiftieth of that. */
const longestLookMs = 0.5;

/**
 * How long until all that is dead is to be reaped; null: there is nothing to reap. What dies between our look at it and that moment
 * is reaped unseen, so it is a moment in which nobody is dying.
 */
export function untilTurn({ living, isDying, dead, unclear, sinceLastDeath, sinceFirstDeath }: Outlook): number | null {
  if (dead === 0) return null;
  if (living === 0 || sinceFirstDeath >= longestMs) return 0;
  if (isDying) return 1;
  if (unclear > 0) return 0;
  const quiet = dead === 1 ? quietAfterOneMs : quietMs;
  return Math.max(0, Math.min(quiet - sinceLastDeath, longestMs - sinceFirstDeath));
}

/**
 * Whether what a look has told that took so long still holds. Who was looked at first may have died since, and would be reaped
 * unseen, where the system let others go first meanwhile.
 */
export function stillHolds(tookMs: number, { living, isDying, sinceFirstDeath }: Outlook): boolean {
  if (living === 0 || sinceFirstDeath >= latestMs) return true;
  return tookMs < 1 + living * longestLookMs && (!isDying || sinceFirstDeath >= longestMs);
}
