import { type Address, daemonAddress, requestWindow, waitingLimit } from '../../../model/bus.ts';
import { MusterError } from '../../../model/error.ts';
import type { FromRealm, RouteHere } from '../../protocol.ts';
import type { Asking, Destination, Lane, Route } from './asking.ts';
import { withdraw } from './asking.ts';
import { createLookups } from './lookups.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { Routes } from './routes.ts';
import type { Turn } from './turn.ts';

/** A request that comes back so often finds nobody. */
const mostMoves = 20;
/** So often it is sent again at once; then it waits longer and longer, so that the daemon can hear of what happens. */
const promptMoves = 3;
const longestPauseMs = 100;

/** Gets requests to whoever serves them now: by a route that is known or looked up, in order, and within the window of each. */
export interface Delivery {
  begin(asking: Asking): void;
  /** Nothing more is to be done with it, wherever it is. */
  end(asking: Asking): void;
  /** It came back unserved. */
  moved(asking: Asking, payload: unknown): void;
  route(call: number, route: RouteHere): void;
  stale(prefixes: readonly string[]): void;
  /** `end` is called with the instance when all has arrived that it had to say, or that was said of it. */
  gone(address: Address, end: (destination: Destination) => void): void;
  leave(module: ModuleHere): void;
}

export interface DeliveryPorts {
  tell(message: FromRealm): void;
  readonly turn: Turn;
  readonly routes: Routes;
  refused(asking: Asking, error: MusterError): void;
}

export function createDelivery({ tell, turn, routes, refused }: DeliveryPorts): Delivery {
  const lookups = createLookups({
    post: tell,
    turn,
    found(lookup, found, askings) {
      const route = routes.add(lookup, found);
      for (const asking of askings) go(asking, route);
    },
    refused,
  });

  /** To where its topic leads now; else it waits until that is known. */
  function look(asking: Asking): void {
    const route = routes.find(asking.prefix);
    if (route !== undefined) go(asking, route);
    else if (!lookups.wait(asking)) refused(asking, tooMany(asking));
  }

  function go(asking: Asking, route: Route): void {
    const lane = laneOf(route, asking.owner);
    if (lane.underway < requestWindow && lane.waiting.length === 0) send(asking, route, lane);
    else if (lane.waiting.length >= waitingLimit) refused(asking, tooMany(asking));
    else {
      asking.at = 'lane';
      asking.lane = lane;
      lane.waiting.push(asking);
    }
  }

  function laneOf({ prefix, from, destination }: Route, module: ModuleHere): Lane {
    let lane = destination.lanes.get(module.address);
    if (lane === undefined) {
      lane = { destination, underway: 0, waiting: [] };
      destination.lanes.set(module.address, lane);
      if (from !== module.address && destination.address !== daemonAddress) lookups.mention(module, prefix);
    }
    return lane;
  }

  function send(asking: Asking, route: Route, lane: Lane): void {
    const { address, meter } = route.destination;
    if (meter === null || meter.isOpen(address)) post(asking, route, lane);
    else passOn(asking, route);
  }

  function post(asking: Asking, { service, destination }: Route, lane: Lane): void {
    const { owner, id, topic, payload, size } = asking;
    if (!asking.counted) owner.meter.sent('request');
    asking.counted = true;
    asking.at = 'sent';
    asking.lane = lane;
    asking.payload = undefined;
    lane.underway += 1;
    const { outlet, address, meter } = destination;
    outlet.add(['request', address, owner.address, id, service, topic, payload, owner.name()], size, meter);
  }

  /** Its route does not lead where it is served. */
  function passOn(asking: Asking, route: Route | undefined): void {
    if (route !== undefined) routes.drop(route);
    asking.at = 'pause';
    asking.moves += 1;
    if (asking.moves > mostMoves) refused(asking, new MusterError('EHOSTUNREACH', `${asking.topic}: it was passed on again and again`));
    else if (asking.moves <= promptMoves) look(asking);
    else pause(asking);
  }

  function pause(asking: Asking): void {
    const ms = Math.min(2 ** (asking.moves - promptMoves), longestPauseMs);
    setTimeout(() => asking.at === 'pause' && look(asking), ms).unref();
  }

  function advance(lane: Lane): void {
    while (lane.underway < requestWindow) {
      const asking = lane.waiting.shift();
      if (asking === undefined) return;
      const route = routes.find(asking.prefix);
      if (route?.destination === lane.destination) send(asking, route, lane);
      else look(asking);
    }
  }

  function release(lane: Lane): void {
    lane.underway -= 1;
    if (lane.waiting.length > 0) advance(lane);
  }

  function lookAgain({ lanes }: Destination): void {
    for (const { waiting } of lanes.values()) for (const asking of waiting.splice(0)) look(asking);
  }

  return {
    begin: look,
    end(asking) {
      const { at, lane } = asking;
      asking.at = 'over';
      if (at === 'lookup') lookups.withdraw(asking);
      if (at === 'lane' && lane !== null) withdraw(lane.waiting, asking);
      if (at === 'sent' && lane !== null) release(lane);
    },
    moved(asking, payload) {
      const { lane } = asking;
      const route = routes.find(asking.prefix);
      asking.payload = payload;
      // Others may have found the way already.
      passOn(asking, route?.destination === lane?.destination ? route : undefined);
      if (lane !== null) release(lane);
    },
    route: lookups.answer,
    stale(prefixes) {
      for (const destination of routes.stale(prefixes)) lookAgain(destination);
    },
    gone(address, end) {
      const destination = routes.forget(address);
      if (destination === undefined) return;
      lookAgain(destination);
      // Its last answers may lie in another port, and have not had their turn yet.
      if (destination.outlet.kind === 'relay') lookups.afterAll(address, () => end(destination));
      else setImmediate(end, destination);
    },
    leave(module) {
      for (const { lanes } of routes.destinations()) lanes.delete(module.address);
    },
  };
}

function tooMany({ topic, prefix }: Asking): MusterError {
  return new MusterError('EBUSY', `${topic}: ${waitingLimit} requests to ${prefix} wait already`);
}
