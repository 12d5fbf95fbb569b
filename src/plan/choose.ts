import type { Desired, Reason } from '../model/module.ts';
import { type Alternatives, winners } from '../model/requires.ts';

export interface Choice {
  /** Modules that have a service which a loser provides too. */
  readonly winners: ReadonlySet<string>;
  /** Modules that provide something and have none of it, with the reason. */
  readonly losers: ReadonlyMap<string, Reason>;
}

/** Whether any service has several providers. */
export function isContested(modules: ReadonlyMap<string, Desired>): boolean {
  const seen = new Set<string>();
  for (const { spec } of modules.values()) {
    for (const service of spec.provides) {
      if (seen.has(service)) return true;
      seen.add(service);
    }
  }
  return false;
}

/** Which providers have their services. One that has at least one of its services is loaded; so is one that is bound. */
export function chooseProviders(
  modules: ReadonlyMap<string, Desired>,
  alternatives: Alternatives | undefined,
  isBound: (name: string) => boolean,
): Choice {
  const byService = winners(modules, alternatives);
  const having = new Set(byService.values());
  const beating = new Set<string>();
  const losers = new Map<string, Reason>();
  for (const [name, { spec }] of modules) {
    if (spec.provides.length === 0 || having.has(name) || isBound(name)) continue;
    const services = spec.provides.map((service) => {
      const winner = byService.get(service) ?? '';
      beating.add(winner);
      const by = alternatives?.get(service) === winner ? 'by alternatives' : `with priority ${modules.get(winner)?.spec.priority}`;
      return `${service}, which ${winner} does ${by}`;
    });
    losers.set(name, { code: 'alternative', text: `provides ${services.join(', and ')}` });
  }
  return { winners: beating, losers };
}
