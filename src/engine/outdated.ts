import type { OutdatedDoc } from '../model/documents.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Loaded } from '../model/module.ts';
import { byName } from '../model/name.ts';
import { formatVersion } from '../model/plan.ts';
import type { EngineContext } from './context.ts';

/** What the registry has that is newer than what is loaded. A package of which that cannot be told says why. */
export async function outdated({ ports }: EngineContext): Promise<OutdatedDoc> {
  const modules = [...ports.instances.snapshot().values()].filter(({ kind }) => kind === 'package').sort(byName);
  const packages: OutdatedDoc['packages'] = [];
  for (const module of modules) {
    const found = await newerThan(module, ports);
    if (found !== null) packages.push(found);
  }
  return { formatVersion, packages };
}

async function newerThan(module: Loaded, { sources }: EngineContext['ports']): Promise<OutdatedDoc['packages'][number] | null> {
  const { name, spec, version = null } = module;
  const known = { name, spec: (spec as PackageSpec).package, current: version };
  try {
    const newer = await sources.newer(module);
    return newer === null ? null : { ...known, ...newer };
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    return { ...known, wanted: null, latest: null, problem: messageOf(error) };
  }
}
