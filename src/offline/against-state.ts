import { randomUUID } from 'node:crypto';
import type { ConfigSet } from '../model/config-set.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Hold, Loaded } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';
import { plainRequest } from '../model/plan-input.ts';
import type { StateDoc } from '../model/state-doc.ts';
import { version } from '../model/version.ts';
import { withDrift } from '../plan/drift.ts';
import { plan } from '../plan/plan.ts';
import { registeredFor } from '../plan/registered.ts';
import { digestSpec } from '../resolve/digest.ts';
import { desiredThere, type Untold } from './desired-there.ts';
import type { Asked } from './plan-input.ts';
import { offlineResolver } from './resolve.ts';
import { secretsIn, shown } from './shown.ts';
import type { At } from './surroundings.ts';
import { asThere } from './there.ts';

/** The plan that the daemon would make of this config, by what it has exported. `file` is where that is. */
export async function planAgainstState(
  { config, files, state, file }: { config: ConfigSet; files: readonly string[]; state: StateDoc; file: string },
  asked: Asked,
  at: At,
): Promise<Plan> {
  const resolver = offlineResolver(at);
  try {
    const twofold = await asThere(config, files, state.config.files, at);
    const { desired, untold } = await desiredThere(twofold, state, resolver);
    const loaded = new Map(state.modules.map((module) => [module.name, loadedOf(module)]));
    const policy = state.config.revision === null ? twofold.there.policy : (state.applied?.policy ?? twofold.there.policy);
    const now = Date.now();
    const planned = plan({
      desired,
      // A repository has no policy of its own.
      config: { ...twofold.there, policy, warnings: [...twofold.there.warnings, ...warningsOf(untold, state)] },
      loaded,
      registered: registeredFor(desired, loaded, () => Object.entries(state.registered)),
      holds: holdsOf(state, now),
      applied: state.applied ?? { policy, names: [] },
      request: { ...plainRequest, retryFailed: true, ...asked },
      target: state.target,
      env: new Set(state.env),
      dryRun: true,
      now,
      id: randomUUID(),
    });
    return shown(withDrift(planned, state.drift), await secretsIn(config, at));
  } catch (error) {
    if (error instanceof MusterError) throw error;
    // Its checksum is right, so somebody wrote it who is no muster.
    throw new MusterError('EINVAL', `${file} is no state that a plan can be made against`, {
      cause: error,
      hint: 'make one with: muster export --out state.json',
    });
  } finally {
    await resolver.dispose();
  }
}

function loadedOf({ masked, withheld, ...module }: StateDoc['modules'][number]): Loaded {
  return { ...module, specDigest: digestSpec(module.kind, module.spec) };
}

function holdsOf({ holds }: StateDoc, now: number): Hold[] {
  return holds
    .map(({ since, until, ...hold }) => ({ ...hold, since: Date.parse(since), until: until === null ? null : Date.parse(until) }))
    .filter(({ until }) => until === null || until > now);
}

/** What a plan that was made elsewhere cannot say. */
function warningsOf({ secrets, code, packages }: Untold, { config, exportedAt, version: theirs }: StateDoc): Diagnostic[] {
  const said: [code: string, message: string][] = [];
  if (secrets.length > 0) {
    said.push([
      'secretsNotCompared',
      `whether a secret has changed since ${exportedAt} cannot be told from an exported state: ${some(secrets)}`,
    ]);
  }
  if (code.length > 0) said.push(['codeNotCompared', `the code of these cannot be compared and is taken as it was loaded: ${some(code)}`]);
  if (packages.length > 0) said.push(['packagesNotCompared', `of packages only what the config says is compared: ${some(packages)}`]);
  if (config.revision !== null) {
    said.push([
      'hostNotCompared',
      "what the host's own file says beside the repository's, its defaults and bounds, is not in an exported state",
    ]);
  }
  if (theirs !== version) said.push(['otherVersion', `the state is of muster ${theirs}, and the plan of ${version}`]);
  const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
  return said.map(([word, message]) => ({ ...nowhere, severity: 'warning', code: word, message }));
}

const mostNamed = 10;

function some(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
