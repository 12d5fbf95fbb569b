import type { Desired } from '../model/module.ts';

interface HasSpec {
  readonly spec: Desired['spec'];
}

/** What names that are worked on just now are about to be. A start is listed late and a reload takes its time: others are to count on it before. */
export interface Becoming {
  /** From this very turn on; null: it goes. To be ended by what is returned. */
  begin(name: string, becomes: HasSpec | null): () => void;
  isGoing(name: string): boolean;
  /** What is loaded, as it will be once all that has begun is done; what goes is in it as long as it is there. */
  over<T extends HasSpec>(loaded: ReadonlyMap<string, T>): ReadonlyMap<string, T | HasSpec>;
}

export function createBecoming(): Becoming {
  const begun = new Map<string, HasSpec | null>();
  return {
    begin(name, becomes) {
      begun.set(name, becomes);
      return () => void begun.delete(name);
    },
    isGoing: (name) => begun.get(name) === null,
    over<T extends HasSpec>(loaded: ReadonlyMap<string, T>) {
      if (begun.size === 0) return loaded;
      const soon = new Map<string, T | HasSpec>(loaded);
      for (const [name, becomes] of begun) if (becomes !== null) soon.set(name, becomes);
      return soon;
    },
  };
}
