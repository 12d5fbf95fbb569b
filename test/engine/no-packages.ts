import type { EnginePorts } from '../../src/engine/ports.ts';

/** The part of the sources that is asked only where there are packages, settings or a repository. */
export const noPackages = {
  packageByHand: async () => [],
  packageName: async (spec) => ({ name: spec, path: null }),
  savePackage: async () => ({ undo: async () => {}, keep: async () => {} }),
  unlockedPackages: async () => [],
  lockPackages: async () => {},
  newer: async () => null,
  withSettings: async (module) => module,
  sealed: (_path, value) => value,
  defaults: async () => ({}),
  source: () => null,
  isOfSource: () => false,
  sync: async () => false,
  restoreRevision: async () => false,
  said: async () => [],
  blame: async () => null,
} satisfies Partial<EnginePorts['sources']>;
