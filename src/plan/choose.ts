import type { Spec } from '../model/fields/table.ts';
import type { Desired, Reason } from '../model/module.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { winners } from '../model/requires.ts';
import type { Fixed } from './fixed.ts';
import type { Services } from './services.ts';

interface Offer {
  readonly spec: { readonly provides: readonly string[]; readonly priority: number };
}
type Offers = ReadonlyMap<string, Offer>;

export interface Choice {
  /** Modules that have a service which a loser provides too. */
  readonly winners: ReadonlySet<string>;
  /** Modules that provide something and have none of it, with the reason. */
  readonly losers: ReadonlyMap<string, Reason>;
}

/** Whether any service has several providers. */
export function isContested({ providing }: Services<Desired>): boolean {
  const seen = new Set<string>();
  for (const { spec } of providing.values()) {
    for (const service of spec.provides) {
      if (seen.has(service)) return true;
      seen.add(service);
    }
  }
  return false;
}

/** What provides services once the plan is done. What stays as it is provides what it does already, if it is to do so. */
export function offersOf(providing: ReadonlyMap<string, Desired>, { request }: PlanInput, fixed: Fixed): Offers {
  const offers = new Map<string, Offer>();
  for (const [name, { spec }] of providing) {
    if (request.drop.has(name)) continue;
    const stays = fixed(name);
    if (stays === null) offers.set(name, { spec });
    else {
      const now = stays.now?.spec;
      const provides = spec.provides.filter((service) => now?.provides.includes(service));
      if (now !== undefined && provides.length > 0) offers.set(name, { spec: { provides, priority: now.priority } });
    }
  }
  return offers;
}

/**
 * Which providers have their services. One that has at least one of its services is loaded. A command on some modules
 * takes none away that is loaded; and who would win, were it not held, is not skipped for that.
 */
export function chooseProviders(providing: ReadonlyMap<string, Desired>, input: PlanInput, fixed: Fixed): Choice {
  const { config, loaded, request } = input;
  const offers = offersOf(providing, input, fixed);
  const byService = winners(offers, config.alternatives);
  const having = new Set(byService.values());
  const beating = new Set<string>();
  const losers = new Map<string, Reason>();
  for (const [name, { spec }] of providing) {
    if (having.has(name) || (request.scope !== null && loaded.has(name))) continue;
    if (fixed(name) !== null && wouldWin(name, spec, offers, input)) continue;
    const services = spec.provides.map((service) => {
      const winner = byService.get(service);
      if (winner === undefined) return service;
      beating.add(winner);
      const isSaid = config.alternatives?.get(service) === winner;
      return `${service}, which ${winner} does ${isSaid ? 'by alternatives' : `with priority ${offers.get(winner)?.spec.priority}`}`;
    });
    losers.set(name, { code: 'alternative', text: `provides ${services.join(', and ')}` });
  }
  return { winners: beating, losers };
}

function wouldWin(name: string, spec: Spec, offers: Offers, { config }: PlanInput): boolean {
  const byService = winners(new Map([...offers, [name, { spec }]]), config.alternatives);
  return spec.provides.some((service) => byService.get(service) === name);
}
