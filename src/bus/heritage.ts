import type { BusHeritage, InstanceOnBus, RunnerOnBus } from '../model/bus-heritage.ts';
import type { Directory } from './directory.ts';
import type { Events } from './events.ts';
import type { Link } from './link.ts';
import type { Instance } from './module.ts';
import { Resolving, type ResolvingPorts } from './resolving.ts';
import type { Served } from './served.ts';

export interface BusParts extends ResolvingPorts {
  readonly directory: Directory;
  readonly events: Events;
  readonly served: Served;
}

/** All that the bus of the next daemon needs to go on with; nothing may be under way in this one. */
export function heritageOf(links: Iterable<Link>, lastClient: number, { directory, events, served }: BusParts): BusHeritage {
  const { modules, instances, lost, order } = directory.heritage();
  const waiters = modules.flatMap((module) => [...module.waiters]);
  return {
    lost,
    order,
    lastClient,
    unserved: served.unserved(),
    modules: modules.map(({ name, absence, priority }) => ({ name, absence, priority })),
    instances: instances.map(instanceOnBus),
    runners: [...links].map((link): RunnerOnBus => {
      const resolving = waiters.flatMap((waiter) => (waiter instanceof Resolving && waiter.link === link ? [waiter.question] : []));
      return { runner: link.id, waiting: link.waits(), resolving, ...events.heritage(link), routes: directory.routes.toldTo(link) };
    }),
  };
}

/** Puts everything in its place; `linkOf` has all runners that were handed over. */
export function inherit(heritage: BusHeritage, linkOf: (runner: string) => Link | undefined, parts: BusParts): void {
  const { directory, events, served } = parts;
  const instances = heritage.instances.flatMap((one): Instance[] => {
    const link = linkOf(one.runner);
    return link === undefined ? [] : [instanceFrom(one, link, linkOf)];
  });
  directory.inherit(heritage.modules, instances, heritage);
  for (const { runner, waiting, resolving, globs, interest, routes } of heritage.runners) {
    const link = linkOf(runner);
    if (link === undefined) continue;
    for (const [prefix, from, count] of waiting) link.wait({ prefix, from, count });
    events.inherit(link, { globs, interest });
    for (const [prefix, address] of routes) directory.routes.told(link, prefix, address);
    for (const question of resolving) directory.resolve(new Resolving({ type: 'resolve', ...question }, link, parts));
  }
  served.pause();
  for (const packet of heritage.unserved) {
    const from = directory.instance(packet[2]);
    if (from !== undefined) served.request(from, packet);
  }
}

function instanceOnBus({ link, provides, registered, knownTo, askers, asked, ...rest }: Instance): InstanceOnBus {
  const { address, name, priority, control, state, superseded, order } = rest;
  return {
    ...{ address, name, provides, priority, control, state, superseded, order, runner: link.id },
    registered: [...registered],
    knownTo: [...knownTo].map(({ id }) => id),
    askers: [...askers],
    asked: [...asked],
  };
}

function instanceFrom(one: InstanceOnBus, link: Link, linkOf: (runner: string) => Link | undefined): Instance {
  const { runner: _, registered, knownTo, askers, asked, ...rest } = one;
  return {
    ...rest,
    link,
    registered: new Set(registered),
    knownTo: new Set(knownTo.flatMap((runner) => linkOf(runner) ?? [])),
    askers: new Set(askers),
    asked: new Set(asked),
  };
}
