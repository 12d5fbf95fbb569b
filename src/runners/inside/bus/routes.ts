import type { Address } from '../../../model/bus.ts';
import type { RouteHere, Via } from '../../protocol.ts';
import { openMeter } from '../meter.ts';
import type { Destination, Route } from './asking.ts';
import type { Outlet } from './outlet.ts';

/** What this realm knows of where requests go. */
export interface Routes {
  find(prefix: string): Route | undefined;
  add(lookup: { prefix: string; from: Address }, route: Exclude<RouteHere, { error: unknown }>): Route;
  /** It led to somebody who does not serve it any more. */
  drop(route: Route): void;
  /** Returns the instances that routes led to which were dropped. */
  stale(prefixes: readonly string[]): Destination[];
  /** No route leads there any more. */
  forget(address: Address): Destination | undefined;
  destinations(): Iterable<Destination>;
}

export function createRoutes(outletOf: (via: Via) => Outlet): Routes {
  const routes = new Map<string, Route>();
  const destinations = new Map<Address, Destination>();

  return {
    find: (prefix) => routes.get(prefix),
    add({ prefix, from }, { service, address, via }) {
      const outlet = outletOf(via);
      let destination = destinations.get(address);
      if (destination === undefined) {
        destination = { address, outlet, meter: null, lanes: new Map() };
        destinations.set(address, destination);
      }
      destination.outlet = outlet;
      destination.meter = via.type === 'realm' && outlet.kind === 'port' ? (destination.meter ?? openMeter(via.meter)) : null;
      const route: Route = { prefix, from, service, destination };
      routes.set(prefix, route);
      return route;
    },
    drop(route) {
      if (routes.get(route.prefix) === route) routes.delete(route.prefix);
    },
    stale(prefixes) {
      const gone = new Set(prefixes);
      const left = new Set<Destination>();
      for (const [prefix, route] of routes) {
        if (!isUnder(prefix, gone)) continue;
        routes.delete(prefix);
        left.add(route.destination);
      }
      return [...left];
    },
    forget(address) {
      const destination = destinations.get(address);
      destinations.delete(address);
      for (const [prefix, route] of routes) if (route.destination.address === address) routes.delete(prefix);
      return destination;
    },
    destinations: () => destinations.values(),
  };
}

/** Whether it is one of them, or begins with one and a period. */
function isUnder(prefix: string, prefixes: ReadonlySet<string>): boolean {
  for (let end = prefix.length; end > 0; end = prefix.lastIndexOf('.', end - 1)) {
    if (prefixes.has(prefix.slice(0, end))) return true;
  }
  return false;
}
