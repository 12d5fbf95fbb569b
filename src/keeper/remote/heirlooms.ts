import type { Ward } from './ward.ts';

/** Programs that an earlier daemon left to this one, until somebody takes them over or nobody wants them. */
export interface Heirlooms {
  add(ward: Ward): void;
  has(name: string, digest: string): boolean;
  /** The one under this lease, which was handed over as it is. */
  claim(lease: string): Ward | null;
  /** The one of that name and digest. Others of the name are stopped first: what is started in their place must not run beside them. */
  take(name: string, digest: string | null): Promise<Ward | null>;
  /** They are left to the next daemon, as they were to this one. */
  leave(): Promise<void>;
  /** Stops all that are left, as they are to be stopped. */
  drop(): Promise<void>;
}

export function createHeirlooms(): Heirlooms {
  const left = new Set<Ward>();

  return {
    add: (ward) => void left.add(ward),
    has: (name, digest) => ofName(name).some(({ held }) => held.digest === digest),
    claim(lease) {
      const found = [...left].find(({ held }) => held.id === lease) ?? null;
      if (found !== null) left.delete(found);
      return found;
    },
    async take(name, digest) {
      const all = ofName(name);
      const taken = all.find(({ held }) => digest !== null && held.digest === digest) ?? null;
      if (taken !== null) left.delete(taken);
      await Promise.all(all.filter((ward) => ward !== taken).map(letGo));
      return taken;
    },
    async leave() {
      await Promise.all([...left].map(({ child }) => child.leave?.()));
      left.clear();
    },
    async drop() {
      await Promise.all([...left].map(letGo));
    },
  };

  function ofName(name: string): Ward[] {
    return [...left].filter(({ held }) => held.kept?.name === name);
  }

  async function letGo(ward: Ward): Promise<void> {
    await ward.stop();
    left.delete(ward);
  }
}
