import { byName } from '../model/name.ts';
import { formatVersion } from '../model/plan.ts';
import { secretFilesIn, withBareSecrets } from '../model/secret-ref.ts';
import { type LoadedState, type StateDoc, stateKind } from '../model/state-doc.ts';
import { version } from '../model/version.ts';
import { documentChecksum } from '../plan/checksum.ts';
import { type EngineContext, holdsNow, registrations, targetOf } from './context.ts';
import { driftNow } from './reconcile.ts';

/** What the loaded set is, for plans that are made elsewhere. Values of secrets are nowhere in it, nor anything made of them. */
export function exportState(context: EngineContext): StateDoc {
  const { ports, generation } = context;
  const doc: Omit<StateDoc, 'checksum'> = {
    kind: stateKind,
    formatVersion,
    exportedAt: new Date(ports.clock.now()).toISOString(),
    version,
    target: targetOf(context),
    config: { files: mainFiles(context), revision: generation?.revision ?? null },
    applied: generation === null ? null : { policy: generation.policy, names: generation.modules.map(({ name }) => name) },
    holds: holdsNow(context)
      .map(({ since, until, ...hold }) => ({ ...hold, since: iso(since), until: until === null ? null : iso(until) }))
      .sort(byName),
    drift: driftNow(context),
    settings: Object.fromEntries([...ports.store.state.settings].map(([name, tree]) => [name, withBareSecrets(tree)])),
    registered: Object.fromEntries(registrations(context)),
    env: [...ports.env].sort(),
    modules: loadedStates(context),
  };
  const shown = ports.masked(doc) as typeof doc;
  return { ...shown, checksum: documentChecksum(shown) };
}

/** Of a source the file that it is, which is read before the daemon's own. */
function mainFiles({ ports, generation }: EngineContext): string[] {
  const [first] = generation?.files ?? [];
  return generation?.revision === undefined || first === undefined ? [...ports.sources.files] : [first.path];
}

function loadedStates({ ports }: EngineContext): LoadedState[] {
  const secretFiles = new Set([...ports.instances.snapshot().values()].flatMap(({ spec }) => secretFilesIn(spec)));
  return [...ports.instances.snapshot().values()].sort(byName).map((loaded): LoadedState => {
    const { name, kind, spec, codeDigest, path, version: packaged, source, origin, generation } = loaded;
    const { state, failed, reconfigurable, started, finished } = loaded;
    const bare = withBareSecrets(spec);
    // A digest of what has few possible values tells which it is.
    const withheld = spec.files.some((file) => secretFiles.has(file));
    return {
      ...{
        name,
        kind,
        spec: bare,
        codeDigest: withheld ? null : codeDigest,
        path,
        source,
        origin,
        generation,
        state,
        failed,
        reconfigurable,
        started,
      },
      ...(packaged === undefined ? {} : { version: packaged }),
      ...(finished === undefined ? {} : { finished }),
      ...(withheld ? { withheld } : {}),
      ...(ports.masked(bare) === bare ? {} : { masked: true as const }),
    };
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
