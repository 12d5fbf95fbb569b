import { dirname } from 'node:path';
import type { Sources } from '../engine/ports.ts';
import type { ConfigSet } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { PackageLock, Packages } from '../model/package.ts';
import { lockedFile } from '../model/package-lock.ts';
import { moduleNameOf, packageSpecKind } from '../model/package-spec.ts';
import { lockOfAll, savePackage } from './package-files.ts';
import type { UnfinishedSaves } from './unfinished-saves.ts';

export interface PackageSourcesOptions {
  readonly packages: Packages;
  readonly unfinished: UnfinishedSaves;
  /** As it was last read without errors. */
  config(): ConfigSet | null;
}

type PackageSources = Pick<Sources, 'packageName' | 'savePackage' | 'unlockedPackages' | 'lockPackages' | 'newer'> & {
  frozenLock(module: string): Promise<PackageLock>;
};

/** What commands on packages ask of the config and of what is installed. */
export function createPackageSources({ packages, unfinished, config }: PackageSourcesOptions): PackageSources {
  const readConfig = (): ConfigSet => {
    const read = config();
    if (read !== null) return read;
    throw new MusterError('ENOENT', 'there is no config without errors to go by', { hint: 'muster validate' });
  };

  return {
    async packageName(spec, { allowScripts, staging }) {
      const kind = packageSpecKind(spec);
      if (kind.kind === 'registry') return { name: moduleNameOf(kind.name), path: null };
      const asked = { module: null, spec, allowScripts, pin: null };
      const found = (await packages.find(asked)) ?? (staging === null ? null : await packages.stage(asked, staging));
      if (found !== null) return { name: moduleNameOf(found.name), path: found.programs[0]?.script ?? null };
      throw new MusterError('EINVAL', `what ${spec} is called is known only once it is installed`, { hint: 'give it a name with --name' });
    },
    savePackage: (module, entry) => savePackage(module, entry, readConfig(), packages, unfinished),
    unlockedPackages: async () => {
      const { unlocked } = await lockOfAll(readConfig(), packages);
      return unlocked;
    },
    lockPackages: async () => {
      const read = readConfig();
      // What lies in a repository is written there.
      if (read.source === null) await (await lockOfAll(read, packages)).write();
    },
    newer: ({ path, spec }) => packages.newer({ path, spec: spec as PackageSpec }, {}),
    async frozenLock(module) {
      const beside = lockedFile(readConfig());
      const lock = beside === null ? null : await packages.lock(dirname(beside));
      if (lock?.has(module) === true) return lock;
      const what = lock === null ? 'there is no muster.lock beside the config' : `${module} is not in muster.lock`;
      throw new MusterError('EREFUSED', `${what}, which --frozen is to keep to`, {
        hint: `muster install --save --name ${module} SPEC writes it`,
      });
    },
  };
}
