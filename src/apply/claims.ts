import { MusterError } from '../model/error.ts';

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
  /** Takes a free name; throws EBUSY if it is taken. */
  take(name: string, action: string): Claim;
  /** Waits until the name is free and takes it. */
  acquire(name: string, action: string): Promise<Claim>;
}

export function createClaims(): Claims {
  const taken = new Map<string, { action: string; waiters: (() => void)[] }>();

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
        taken.delete(name);
        for (const wake of entry.waiters) wake();
      },
    };
  };

  return {
    current: (name) => taken.get(name)?.action ?? null,
    take,
    async acquire(name, action) {
      for (let holder = taken.get(name); holder !== undefined; holder = taken.get(name)) {
        const { waiters } = holder;
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
      return take(name, action);
    },
  };
}
