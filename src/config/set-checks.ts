import type { Evaluated, Reference } from './entry.ts';
import type { Findings } from './findings.ts';
import { didYouMean } from './suggest.ts';

/** What can only be said of the whole set: every requirement is there and enabled, and nothing waits for itself. */
export function checkSet(modules: ReadonlyMap<string, Evaluated>, findings: Findings): void {
  let related = false;
  for (const module of modules.values()) {
    if (module.requires.length === 0 && module.after.length === 0) continue;
    related = true;
    if (!module.disabled) for (const reference of module.requires) checkRequirement(module.name, reference, modules, findings);
  }
  if (related) for (const cycle of cyclesIn(modules)) reportCycle(cycle, modules, findings);
}

function checkRequirement(
  name: string,
  { name: required, at }: Reference,
  modules: ReadonlyMap<string, Evaluated>,
  findings: Findings,
): void {
  const target = modules.get(required);
  if (target === undefined) {
    findings.error(at, 'unknownRequirement', `${name} requires "${required}", which is not declared`, didYouMean(required, modules.keys()));
  } else if (target.disabled) {
    findings.error(
      at,
      'disabledRequirement',
      `${name} requires ${required}, which is disabled`,
      `enable ${required}, or disable ${name} too`,
    );
  }
}

function reportCycle(cycle: readonly string[], modules: ReadonlyMap<string, Evaluated>, findings: Findings): void {
  const [first = '', second = first] = cycle;
  const module = modules.get(first);
  const reference = [...(module?.requires ?? []), ...(module?.after ?? [])].find(({ name }) => name === second);
  const at = reference?.at ?? module?.key;
  if (at !== undefined) findings.error(at, 'cycle', `these wait for each other: ${[...cycle, first].join(' -> ')}`);
}

/** One cycle of each strongly connected part, from its first name by name. Tarjan's algorithm with a stack of its own. */
function cyclesIn(modules: ReadonlyMap<string, Evaluated>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const cycles: string[][] = [];

  for (const start of modules.keys()) {
    if (index.has(start)) continue;
    const path: { name: string; next: Iterator<string> }[] = [];
    const enter = (name: string): void => {
      index.set(name, index.size);
      low.set(name, index.get(name) ?? 0);
      open.push(name);
      isOpen.add(name);
      path.push({ name, next: waitsFor(name, modules)[Symbol.iterator]() });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { name } = top;
      const step = top.next.next();
      if (step.done !== true) {
        if (!index.has(step.value)) enter(step.value);
        else if (isOpen.has(step.value)) lower(low, name, index.get(step.value));
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) lower(low, above.name, low.get(name));
      if (low.get(name) !== index.get(name)) continue;
      const part = open.splice(open.indexOf(name));
      for (const member of part) isOpen.delete(member);
      if (part.length > 1 || waitsFor(name, modules).includes(name)) cycles.push(cycleIn(new Set(part), modules));
    }
  }
  return cycles;
}

function lower(low: Map<string, number>, name: string, value = 0): void {
  low.set(name, Math.min(low.get(name) ?? 0, value));
}

function waitsFor(name: string, modules: ReadonlyMap<string, Evaluated>): string[] {
  const module = modules.get(name);
  if (module === undefined || module.disabled) return [];
  return [...module.requires, ...module.after].map((reference) => reference.name).filter((other) => modules.get(other)?.disabled === false);
}

/** The shortest way from the first name of the part back to it. */
function cycleIn(part: ReadonlySet<string>, modules: ReadonlyMap<string, Evaluated>): string[] {
  const first = [...part].sort()[0] ?? '';
  const from = new Map<string, string>();
  const queue = [first];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const other of waitsFor(name, modules)) {
      if (other === first) return wayTo(name, from);
      if (!part.has(other) || from.has(other)) continue;
      from.set(other, name);
      queue.push(other);
    }
  }
  return [first];
}

function wayTo(last: string, from: ReadonlyMap<string, string>): string[] {
  const way = [last];
  for (let before = from.get(last); before !== undefined; before = from.get(before)) way.unshift(before);
  return way;
}
