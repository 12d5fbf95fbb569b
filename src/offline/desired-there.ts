import { deepFreeze } from '../model/canonical.ts';
import { packageFields } from '../model/fields/command.ts';
import type { PackageSpec, Spec } from '../model/fields/table.ts';
import type { Desired, Entry } from '../model/module.ts';
import { secretPaths, withBareSecrets } from '../model/secret-ref.ts';
import type { LoadedState, StateDoc } from '../model/state-doc.ts';
import { version } from '../model/version.ts';
import { digestSpec } from '../resolve/digest.ts';
import { createApps } from '../resolve/package.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { createSettled } from '../resolve/settings.ts';
import { codeThere, isSamePackage } from './code-there.ts';
import { maskedAlike } from './masked-alike.ts';
import type { Twofold } from './there.ts';

/** What cannot be told away from the machine, and is taken as it is loaded: names of modules, of secrets with their field. */
export interface Untold {
  readonly secrets: string[];
  readonly code: string[];
  readonly packages: string[];
}

/** The desired set of a config for a daemon that is elsewhere, as far as its exported state and the files here tell it. */
export async function desiredThere(
  { here, there }: Twofold,
  state: StateDoc,
  resolver: Resolver,
): Promise<{ desired: ReadonlyMap<string, Desired>; untold: Untold }> {
  const loadedByName = new Map(state.modules.map((loaded) => [loaded.name, loaded]));
  const settled = createSettled((name) => (Object.hasOwn(state.settings, name) ? state.settings[name] : undefined));
  const untold: Untold = { secrets: [], code: [], packages: [] };
  const desired = new Map<string, Desired>();
  for (const [name, declared] of there.modules) {
    const local = here.modules.get(name)?.entry ?? declared.entry;
    for (const entry of eachApp(settled(declared.entry, true), state)) {
      const loaded = loadedByName.get(entry.name) ?? loadedByName.get(entry.spec.renamedFrom ?? '');
      const spec = specOf(entry, loaded);
      const pair = { here: local === declared.entry ? entry : local, there: entry, loaded };
      const modulePath = { here: here.modulePath, there: there.modulePath };
      const { unknown, ...code } = await codeThere({ ...pair, modulePath, sameVersion: state.version === version }, resolver);
      const { kind } = entry;
      const named = { name: entry.name, kind, spec, specDigest: digestSpec(kind, spec), source: declared.source };
      desired.set(entry.name, deepFreeze({ ...named, ...code }));
      if (unknown === true) untold[kind === 'package' ? 'packages' : 'code'].push(entry.name);
      if (loaded !== undefined) untold.secrets.push(...sharedSecrets(spec, loaded.spec).map((path) => `${entry.name} ${path}`));
    }
  }
  return { desired, untold };
}

/** Of a package that has several programs each is a module; which these are only the daemon knows. */
function eachApp(entry: Entry, { modules }: StateDoc): readonly Entry[] {
  if (entry.kind !== 'package' || (entry.spec as PackageSpec).app !== undefined) return [entry];
  const apps = modules.flatMap(({ name, kind, spec }) => {
    const { app, package: of } = spec as PackageSpec;
    const isOne = kind === 'package' && app !== undefined && name === `${entry.name}.${app}` && of === (entry.spec as PackageSpec).package;
    return isOne ? [app] : [];
  });
  return apps.length === 0 ? [entry] : createApps()(entry, apps);
}

function specOf(entry: Entry, loaded: LoadedState | undefined): Spec {
  const bare = withBareSecrets(entry.spec);
  if (loaded === undefined) return bare;
  const unmasked = loaded.masked === true ? (maskedAlike(loaded.spec, bare) as Spec) : bare;
  return entry.kind === 'package' && isSamePackage(bare, loaded) ? withFieldsOfPackage(unmasked as PackageSpec, loaded) : unmasked;
}

/** What the package itself says of a field holds where the config says nothing. */
function withFieldsOfPackage(spec: PackageSpec, { spec: before }: LoadedState): PackageSpec {
  const said = (['args', 'stopTimeout', 'restart'] as const).filter(
    (name) => JSON.stringify(spec[name]) === JSON.stringify(packageFields[name].schema.parse(undefined)),
  );
  return { ...spec, ...Object.fromEntries(said.map((name) => [name, (before as PackageSpec)[name]])) };
}

/** Secrets that are read from the same places as before, so that only their values could differ. */
function sharedSecrets(spec: Spec, before: Spec): string[] {
  const were = new Set(secretPaths(before));
  return secretPaths(spec).filter((path) => were.has(path));
}
