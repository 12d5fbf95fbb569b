import { hostname } from 'node:os';
import { relative } from 'node:path';
import { jsonSchema } from '../config/schema.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import { fieldOf, type Kind } from '../model/fields/table.ts';
import type { Loaded } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';
import { loadedAfter } from '../plan/loaded-after.ts';
import { plan } from '../plan/plan.ts';
import { locateConfig } from '../sources/locate.ts';
import { planAgainstState } from './against-state.ts';
import { mustRead, readConfig } from './config.ts';
import { lockDiagnostics } from './lock.ts';
import { type Asked, planInput } from './plan-input.ts';
import { resolveConfigs, unresolved } from './resolve.ts';
import { shown } from './shown.ts';
import { readState } from './state.ts';
import type { At } from './surroundings.ts';

export interface Validated {
  files: readonly string[];
  /** How many modules are declared. */
  modules: number;
  /** The repository that has the modules, which is not looked at; absent: none. */
  source?: string;
  diagnostics: readonly Diagnostic[];
}

/**
 * Checks config files, merged in their order, by themselves: nothing of the world is asked, so neither secrets nor
 * modules need to be there. Without files: those that `up` would find.
 */
export async function validateFiles(files: readonly string[], at: At): Promise<Validated> {
  const located = await locateConfig({ ...at, files });
  const outcome = await readConfig(located, at);
  if (!outcome.ok) return { files: located, modules: 0, diagnostics: outcome.diagnostics };
  const { config } = outcome;
  // The planner finds what is wrong between modules: cycles, and requirements that nobody meets.
  const found = plan(planInput({ config, desired: unresolved(config), loaded: new Map(), base: null, at, host: hostname() }, leaveBe));
  const source = config.source === null ? {} : { source: config.source.git.url };
  return {
    files: located,
    modules: config.modules.size,
    ...source,
    diagnostics: [...found.diagnostics, ...(await lockDiagnostics(config))],
  };
}

/** What only a run can say is no matter of validity. */
const leaveBe: Asked = { allowEmpty: true, override: true };

export interface PlannedFiles {
  /** The config that is taken as loaded, or what a daemon has exported; none: nothing is. */
  base: readonly string[];
  /** The config that is wanted; none: what `up` would find. */
  files: readonly string[];
}

/** The plan from one config to another, from an exported state, or from nothing. Throws EINVALIDCONFIG with all that was found. */
export async function planFiles({ base, files }: PlannedFiles, asked: Asked, at: At): Promise<Plan> {
  const wantedFiles = await locateConfig({ ...at, files });
  const [first] = base;
  const state = first === undefined ? null : await readState(first, at.cwd);
  if (state !== null && first !== undefined) {
    const config = await mustRead(wantedFiles, at);
    return planAgainstState({ config, files: wantedFiles, state, file: relative(at.cwd, first) }, asked, at);
  }
  const before = base.length === 0 ? null : await mustRead(await locateConfig({ ...at, files: base }), at);
  const config = await mustRead(wantedFiles, at);
  const { sets, secrets } = await resolveConfigs([config, before], at);
  const [desired, desiredBefore] = sets;
  const host = base[0] === undefined ? 'nothing' : relative(at.cwd, base[0]);
  let loaded: ReadonlyMap<string, Loaded> = new Map();
  if (before !== null && desiredBefore !== undefined) {
    const start = planInput({ config: before, desired: desiredBefore, loaded, base: null, at, host }, leaveBe);
    loaded = loadedAfter(plan(start), desiredBefore);
  }
  return shown(plan(planInput({ config, desired: desired ?? new Map(), loaded, base: before, at, host }, asked)), secrets);
}

/** The JSON Schema of the config file. */
export function schemaDocument(): unknown {
  return jsonSchema();
}

/** A value of a spec as people write it. */
export function showField(kind: Kind, field: string, value: unknown): string | undefined {
  return fieldOf(kind, field)?.show?.(value as never);
}
