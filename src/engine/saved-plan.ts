import { canonicalJson } from '../model/canonical.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { MusterError } from '../model/error.ts';
import type { Staging } from '../model/package.ts';
import type { Plan, SavedPlan } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import { type Planned, planAgain } from '../plan/as-saved.ts';
import type { EngineContext } from './context.ts';
import type { CarriedConfig, Wanted } from './ports.ts';
import { assertSerial } from './serial.ts';

/** What a saved plan carries that is not for reading. */
interface Carried {
  readonly format: 1;
  readonly config: CarriedConfig;
  /** As options give it: names of globs, no sets. */
  readonly request: Partial<Request>;
  readonly specDigests: Readonly<Record<string, string>>;
}

/** The plan with all that it takes to do it later, whatever its files say by then. */
export function savePlan(plan: Plan, wanted: Wanted, request: Partial<Request>, { ports }: EngineContext): SavedPlan {
  const digests = plan.changes.flatMap(({ name }) => {
    const desired = wanted.desired.get(name);
    return desired === undefined ? [] : [[name, desired.specDigest] as const];
  });
  const { revision } = wanted.config;
  const config = { files: ports.sources.files, texts: wanted.config.files, ...(revision == null ? {} : { revision }) };
  const carried: Carried = { format: 1, config, request, specDigests: Object.fromEntries(digests) };
  return { ...plan, saved: ports.planSeal.seal(JSON.stringify(carried), aboutOf(plan)) };
}

interface Opened {
  readonly wanted: Wanted;
  readonly request: Partial<Request>;
  readonly planned: Planned;
}

/** What was saved, if it is whole, of this daemon, and nothing has changed since then; else throws ESTALE with what is wrong with it. */
export async function openPlan(
  saved: SavedPlan,
  { staging, requireCurrentConfig }: { staging: Staging | undefined; requireCurrentConfig: boolean },
  context: EngineContext,
): Promise<Opened> {
  const { plan, carried } = unsealed(saved, context);
  assertSerial(plan, context);
  const edited = await editedSince(plan, context);
  if (edited !== null && requireCurrentConfig) throw new MusterError('ESTALE', `${edited}; nothing was changed`, { hint: planAgain });
  const outcome = await context.ports.sources.read(carried.config, staging);
  if (!outcome.ok) {
    const message = 'the config that the plan was made of does not hold here any more; nothing was changed';
    throw new MusterError('ESTALE', message, { diagnostics: outcome.diagnostics, hint: planAgain });
  }
  const diagnostics = edited === null ? plan.diagnostics : [...plan.diagnostics, configChanged(edited)];
  const planned = { plan: { ...plan, diagnostics }, specDigests: carried.specDigests };
  return { wanted: outcome.wanted, request: carried.request, planned };
}

/** Whose it is can be read by all; whether that, and everything else, is true only the one who sealed it can tell. */
function unsealed({ saved, ...plan }: SavedPlan, { ports }: EngineContext): { plan: Plan; carried: Carried } {
  const { target } = plan as Partial<Plan>;
  const { daemonId } = ports.store.state;
  if (typeof target?.daemonId === 'string' && target.daemonId !== daemonId) {
    const message = `the saved plan is for another daemon: ${target.daemonId} on ${target.host}, and this is ${daemonId} on ${ports.host}`;
    throw new MusterError('ESTALE', `${message}; nothing was changed`, { hint: planAgain });
  }
  const text = typeof saved === 'string' ? ports.planSeal.open(saved, aboutOf(plan)) : null;
  if (text === null) {
    throw new MusterError('ESTALE', 'the saved plan is not what was saved: it was edited or damaged; nothing was changed', {
      hint: planAgain,
    });
  }
  return { plan, carried: JSON.parse(text) as Carried };
}

/** The document as it comes back from a file. */
function aboutOf(plan: Plan): string {
  return canonicalJson(JSON.parse(JSON.stringify(plan)));
}

/** What is to be said where the daemon's own files are not those of the plan any more. */
async function editedSince({ config }: Plan, context: EngineContext): Promise<string | null> {
  const outcome = await context.ports.sources.read();
  context.outcome = outcome;
  if (!outcome.ok) return 'the config has changed since the plan was made, and has errors now';
  if (outcome.wanted.config.digest === config.digest) return null;
  const then = new Map(config.files.map(({ path, sha256 }) => [path, sha256]));
  const changed = outcome.wanted.config.files.filter(({ path, sha256 }) => then.get(path) !== sha256).map(({ path }) => path);
  return `the config has changed since the plan was made${changed.length === 0 ? '' : `: ${changed.join(', ')}`}`;
}

function configChanged(message: string): Diagnostic {
  const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
  const hint = 'what the plan lists is done; muster reconcile --dry-run shows what is left to do';
  return { ...nowhere, severity: 'warning', code: 'configChanged', message, hint };
}
