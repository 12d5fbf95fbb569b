import type { Ward } from './ward.ts';

/** Programs that an earlier daemon left to this one, until somebody takes them over or nobody wants them. */
export interface Heirlooms {
  add(ward: Ward): void;
  /** The one of that name and digest. Others of the name are stopped first: what is started in their place must not run beside them. */
  take(name: string, digest: string | null): Promise<Ward | null>;
  /** Stops all that are left, as they are to be stopped. */
  drop(): Promise<void>;
}

export function createHeirlooms(): Heirlooms {
  const left = new Set<Ward>();

  return {
    add: (ward) => void left.add(ward),
    async take(name, digest) {
      const ofName = [...left].filter(({ held }) => held.kept?.name === name);
      const taken = ofName.find(({ held }) => digest !== null && held.digest === digest) ?? null;
      if (taken !== null) left.delete(taken);
      await Promise.all(ofName.filter((ward) => ward !== taken).map(letGo));
      return taken;
    },
    async drop() {
      await Promise.all([...left].map(letGo));
    },
  };

  async function letGo(ward: Ward): Promise<void> {
    await ward.stop();
    left.delete(ward);
  }
}
