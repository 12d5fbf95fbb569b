import { MusterError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';

/** Who works on a name. */
export interface Claim {
  readonly name: string;
  /** What is done to it, e.g. `load`; for messages and for deciding who yields. */
  readonly action: string;
  release(): void;
}

/** At most one change per name is under way at a time; whole-config runs and commands on single modules share this. */
export interface Claims {
  /** The action under way on a name, or null. */
  current(name: string): string | null;
  /** Whether nobody works on anything. */
  isFree(): boolean;
  /** How often a name was let go so far: who finds it changed may have been overtaken. */
  released(): number;
  /** Takes a free name; throws EBUSY if it is taken. */
  take(name: string, action: string): Claim;
  /** Waits until the name is free and takes it; if it may not wait so long, it rejects with EALREADY. */
  acquire(name: string, action: string, patience?: Patience | null): Promise<Claim>;
}

/** How long somebody waits for all names together, ms; `until` by the clock. */
export interface Patience {
  readonly ms: number;
  readonly until: number;
}

export function createClaims(clock: Clock): Claims {
  const taken = new Map<string, { action: string; waiters: (() => void)[] }>();
  let count = 0;

  const take = (name: string, action: string): Claim => {
    const holder = taken.get(name);
    if (holder !== undefined) throw new MusterError('EBUSY', `${name}: ${holder.action} is in progress`);
    const entry = { action, waiters: [] as (() => void)[] };
    taken.set(name, entry);
    let released = false;
    return {
      name,
      action,
      release() {
        if (released) return;
        released = true;
        count += 1;
        taken.delete(name);
        for (const wake of entry.waiters) wake();
      },
    };
  };

  return {
    current: (name) => taken.get(name)?.action ?? null,
    isFree: () => taken.size === 0,
    released: () => count,
    take,
    async acquire(name, action, patience = null) {
      for (let holder = taken.get(name); holder !== undefined; holder = taken.get(name)) {
        if (patience === null) await freed(holder.waiters);
        else if (clock.now() < patience.until) await freedBefore(patience.until, holder.waiters, clock);
        else throw stillTaken(name, holder.action, patience);
      }
      return take(name, action);
    },
  };
}

function freed(waiters: (() => void)[]): Promise<void> {
  return new Promise((resolve) => waiters.push(resolve));
}

async function freedBefore(deadline: number, waiters: (() => void)[], clock: Clock): Promise<void> {
  let over = (): void => {};
  const late = new Promise<void>((resolve) => (over = resolve));
  const timer = clock.after(deadline - clock.now(), over);
  await Promise.race([freed(waiters), late]);
  timer.cancel();
}

function stillTaken(name: string, action: string, { ms }: Patience): MusterError {
  return new MusterError('EALREADY', `${name}: ${action} is still in progress after ${ms} ms`, {
    hint: 'try again, with a longer --lock-timeout or none',
  });
}
