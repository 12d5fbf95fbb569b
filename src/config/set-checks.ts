import { cyclesIn } from '../model/cycles.ts';
import type { Alternatives } from '../model/requires.ts';
import { didYouMean } from '../model/suggest.ts';
import { checkAddresses } from './addresses.ts';
import type { Evaluated, Reference } from './entry.ts';
import type { Findings } from './findings.ts';
import { checkMounts } from './mounts.ts';
import { type Relations, relationsOf } from './relations.ts';

type Modules = ReadonlyMap<string, Evaluated>;

/**
 * What can only be said of the whole set: every requirement is there and enabled, no service is the name of another
 * module, and nothing waits for itself. A service that loads modules may have been loaded by hand: the planner knows.
 */
export function checkSet(modules: Modules, alternatives: Alternatives, findings: Findings): void {
  checkAddresses(modules, findings);
  const related = [...modules.values()].filter(isRelated);
  if (related.length === 0) return;
  const relations = relationsOf(modules, alternatives);
  for (const module of related) {
    if (module.disabled) continue;
    for (const reference of module.requires) checkRequirement(module.name, reference, modules, relations, findings);
    for (const service of module.provides) checkService(module, service, modules, findings);
    checkLoader(module, modules, relations, findings);
  }
  checkMounts(modules, relations, findings);
  for (const cycle of cyclesIn(modules.keys(), relations.waitsFor)) reportCycle(cycle, modules, relations, findings);
}

function isRelated({ requires, after, provides, service }: Evaluated): boolean {
  return requires.length > 0 || after.length > 0 || provides.length > 0 || service !== null;
}

function checkRequirement(
  name: string,
  { name: required, at }: Reference,
  modules: Modules,
  relations: Relations,
  findings: Findings,
): void {
  if (relations.target(required) !== undefined) return;
  const disabled = disabledFor(required, modules);
  if (disabled === undefined) {
    const known = [...modules.values()].flatMap((module) => [module.name, ...module.provides]);
    const hint = didYouMean(required, known) ?? `declare it, or say provides: [${required}] of the module that registers it`;
    findings.error(at, 'unknownRequirement', `${name} requires "${required}", which is not declared`, hint);
    return;
  }
  const which = disabled === required ? 'which is disabled' : `which ${disabled} provides, and that is disabled`;
  findings.error(at, 'disabledRequirement', `${name} requires ${required}, ${which}`, `enable ${disabled}, or disable ${name} too`);
}

function checkLoader({ name, service, key }: Evaluated, modules: Modules, relations: Relations, findings: Findings): void {
  if (service === null || relations.target(service) !== undefined) return;
  const disabled = disabledFor(service, modules);
  if (disabled === undefined) return;
  const message = `${name} is loaded by ${service}, which ${disabled === service ? 'is disabled' : `${disabled} provides, and that is disabled`}`;
  findings.error(key, 'disabledRequirement', message, `enable ${disabled}, or disable ${name} too`);
}

/** The disabled module that a name stands for. */
function disabledFor(name: string, modules: Modules): string | undefined {
  if (modules.has(name)) return name;
  return [...modules.values()].find(({ provides }) => provides.includes(name))?.name;
}

/** Requests go by names, so that a name can belong to one alone. */
function checkService({ name, key }: Evaluated, service: string, modules: Modules, findings: Findings): void {
  if (service === name || modules.get(service)?.disabled !== false) return;
  findings.error(key, 'serviceTaken', `${name} provides ${service}, which is the name of another module`, 'rename one of them');
}

function reportCycle(cycle: readonly string[], modules: Modules, relations: Relations, findings: Findings): void {
  const [first = '', second = first] = cycle;
  const module = modules.get(first);
  const references = [...(module?.requires ?? []), ...(module?.after ?? [])];
  const at = references.find(({ name }) => relations.target(name)?.name === second)?.at ?? module?.key;
  if (at !== undefined) findings.error(at, 'cycle', `these wait for each other: ${[...cycle, first].join(' -> ')}`);
}
