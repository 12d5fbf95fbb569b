import { type Address, daemonAddress, requestWindow, waitingLimit } from '../../../model/bus.ts';
import type { RequestOptions } from '../../../model/context.ts';
import { MusterError, messageOf } from '../../../model/error.ts';
import type { FromRealm, RouteHere } from '../../protocol.ts';
import type { Asking, Destination, Lane, Route, Taker } from './asking.ts';
import { withdraw } from './asking.ts';
import { errorOf } from './fault.ts';
import { createLookups } from './lookups.ts';
import { canceled, checkedOptions, checkedPrefix } from './options.ts';
import { take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { Routes } from './routes.ts';
import type { Turn } from './turn.ts';

/** A request that comes back so often finds nobody. */
const mostMoves = 20;
/** So often it is sent again at once; then it waits longer and longer, so that the daemon can hear of what happens. */
const promptMoves = 3;
const longestPauseMs = 100;
/** Topics whose prefix is remembered. */
const mostTopics = 1024;

/** The requests that modules of this realm have asked, until they have their end. */
export interface Asker {
  /** What is wrong with the request goes to the taker too, before this returns; then there is none. */
  ask(owner: ModuleHere, topic: string, payload: unknown, options: RequestOptions | undefined, taker: Taker): Asking | null;
  /** Nothing more is wanted of it; the taker hears nothing. */
  cancel(asking: Asking): void;
  /** So many parts were taken. */
  credit(asking: Asking, count: number): void;
  /** The request, under way from that module, that a packet answers. */
  underway(id: unknown, owner: unknown): Asking | undefined;
  answered(asking: Asking, payload: unknown, ended: boolean): void;
  failed(asking: Asking, error: unknown): void;
  moved(asking: Asking, payload: unknown): void;
  route(call: number, route: RouteHere): void;
  stale(prefixes: readonly string[]): void;
  gone(address: Address, name: string): void;
  leave(module: ModuleHere): void;
}

export interface AskerPorts {
  tell(message: FromRealm): void;
  readonly turn: Turn;
  readonly routes: Routes;
}

export function createAsker({ tell, turn, routes }: AskerPorts): Asker {
  const asked = new Map<number, Asking>();
  const prefixes = new Map<string, string>();
  let ids = 0;
  const lookups = createLookups({
    post: tell,
    turn,
    found(lookup, found, askings) {
      const route = routes.add(lookup, found);
      for (const asking of askings) go(asking, route);
    },
    refused: fail,
  });

  /** To where its topic leads now; else it waits until that is known. */
  function look(asking: Asking): void {
    const route = routes.find(asking.prefix);
    if (route !== undefined) go(asking, route);
    else if (!lookups.wait(asking)) fail(asking, tooMany(asking));
  }

  function go(asking: Asking, route: Route): void {
    const lane = laneOf(route, asking.owner);
    if (lane.underway < requestWindow && lane.waiting.length === 0) send(asking, route, lane);
    else if (lane.waiting.length >= waitingLimit) fail(asking, tooMany(asking));
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
    const { outlet, address, meter } = route.destination;
    if (!outlet.counted || meter === null) post(asking, route, lane);
    else if (meter.isOpen(address)) {
      meter.queue(1);
      post(asking, route, lane);
    } else passOn(asking, route);
  }

  function post(asking: Asking, { service, destination }: Route, lane: Lane): void {
    const { owner, id, topic, payload, size } = asking;
    if (!asking.counted) owner.meter.sent('request');
    asking.counted = true;
    asking.at = 'sent';
    asking.lane = lane;
    asking.payload = undefined;
    lane.underway += 1;
    const { outlet, address } = destination;
    outlet.add(['request', address, owner.address, id, service, topic, payload, owner.name()], size);
  }

  /** Its route does not lead where it is served. */
  function passOn(asking: Asking, route: Route | undefined): void {
    if (route !== undefined) routes.drop(route);
    asking.at = 'pause';
    asking.moves += 1;
    if (asking.moves > mostMoves) fail(asking, unreachable(asking.topic, 'it was passed on again and again'));
    else if (asking.moves <= promptMoves) look(asking);
    else pause(asking);
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

  function finish(asking: Asking): void {
    const { at, lane } = asking;
    asking.at = 'over';
    asked.delete(asking.id);
    if (asking.timer !== null) clearTimeout(asking.timer);
    if (asking.onAbort !== null) asking.signal?.removeEventListener('abort', asking.onAbort);
    if (at === 'lookup') lookups.withdraw(asking);
    if (lane === null) return;
    if (at === 'lane') withdraw(lane.waiting, asking);
    if (at === 'sent') {
      lane.underway -= 1;
      if (lane.waiting.length > 0) advance(lane);
    }
  }

  function fail(asking: Asking, error: MusterError): void {
    finish(asking);
    asking.taker.fail(error, false);
  }

  function pause(asking: Asking): void {
    const ms = Math.min(2 ** (asking.moves - promptMoves), longestPauseMs);
    setTimeout(() => asking.at === 'pause' && look(asking), ms).unref();
  }

  function cancel(asking: Asking): void {
    const { at, lane, owner, id } = asking;
    if (at === 'over') return;
    finish(asking);
    if (at !== 'sent' || lane === null) return;
    owner.meter.sent('control');
    lane.destination.outlet.add(['cancel', lane.destination.address, owner.address, id]);
  }

  function giveUp(asking: Asking, error: MusterError, quietly = false): void {
    if (asking.at === 'over') return;
    cancel(asking);
    asking.taker.fail(error, quietly);
  }

  function limit(asking: Asking, timeout: number): void {
    const expired = (): void => giveUp(asking, new MusterError('ETIMEDOUT', `${asking.topic} was not answered within ${timeout} ms`));
    asking.timer = setTimeout(expired, timeout);
    asking.timer.unref();
  }

  function prefixOf(topic: string): string {
    const known = prefixes.get(topic);
    if (known !== undefined) return known;
    const prefix = checkedPrefix(topic);
    if (prefixes.size >= mostTopics) prefixes.clear();
    prefixes.set(topic, prefix);
    return prefix;
  }

  function begin(owner: ModuleHere, topic: string, payload: unknown, options: RequestOptions | undefined, taker: Taker): Asking {
    const prefix = prefixOf(topic);
    const { timeout, signal } = checkedOptions(topic, options);
    const taken = take(payload, `the payload of ${topic}`);
    ids += 1;
    const onAbort = signal === null ? null : () => giveUp(asking, canceled(topic, signal));
    const asking: Asking = {
      id: ids,
      owner,
      topic,
      prefix,
      taker,
      signal,
      onAbort,
      timer: null,
      payload: taken.payload,
      size: taken.size,
      at: 'start',
      lane: null,
      counted: false,
      moves: 0,
    };
    asked.set(asking.id, asking);
    if (timeout !== null) limit(asking, timeout);
    if (onAbort !== null) signal?.addEventListener('abort', onAbort, { once: true });
    return asking;
  }

  return {
    ask(owner, topic, payload, options, taker) {
      let asking: Asking;
      try {
        asking = begin(owner, topic, payload, options, taker);
      } catch (error) {
        taker.fail(error instanceof MusterError ? error : new MusterError('EINVAL', messageOf(error)), false);
        return null;
      }
      look(asking);
      return asking;
    },
    cancel,
    credit({ at, lane, owner, id }, count) {
      if (at !== 'sent' || lane === null) return;
      owner.meter.sent('control');
      lane.destination.outlet.add(['credit', lane.destination.address, owner.address, id, count]);
    },
    underway(id, owner) {
      const asking = asked.get(id as number);
      return asking?.at === 'sent' && asking.owner.address === owner ? asking : undefined;
    },
    answered(asking, payload, ended) {
      finish(asking);
      asking.taker.answer(payload, ended);
    },
    failed: (asking, error) => fail(asking, errorOf(error)),
    moved(asking, payload) {
      const { lane } = asking;
      const route = routes.find(asking.prefix);
      asking.payload = payload;
      // Others may have found the way already.
      passOn(asking, route?.destination === lane?.destination ? route : undefined);
      if (lane === null) return;
      lane.underway -= 1;
      advance(lane);
    },
    route: lookups.answer,
    stale(prefixes) {
      for (const destination of routes.stale(prefixes)) lookAgain(destination, look);
    },
    gone(address, name) {
      const destination = routes.forget(address);
      if (destination === undefined) return;
      lookAgain(destination, look);
      const lost = (): Asking[] => [...asked.values()].filter(({ at, lane }) => at === 'sent' && lane?.destination === destination);
      const end = (): void => {
        for (const asking of lost()) fail(asking, unreachable(asking.topic, `${name} is gone`));
      };
      // What it said before its end, or that it was not asked any more, may come by another way, and comes first.
      const [first] = lost();
      if (destination.outlet.counted) setImmediate(end);
      else if (first !== undefined) lookups.afterAll(first.owner, end);
    },
    leave(module) {
      for (const asking of [...asked.values()]) {
        if (asking.owner === module) giveUp(asking, new MusterError('ECANCELED', `${asking.topic}: ${module.name()} ended`), true);
      }
      for (const { lanes } of routes.destinations()) lanes.delete(module.address);
    },
  };
}

function lookAgain({ lanes }: Destination, look: (asking: Asking) => void): void {
  for (const { waiting } of lanes.values()) for (const asking of waiting.splice(0)) look(asking);
}

function tooMany({ topic, prefix }: Asking): MusterError {
  return new MusterError('EBUSY', `${topic}: ${waitingLimit} requests to ${prefix} wait already`);
}

function unreachable(topic: string, why: string): MusterError {
  return new MusterError('EHOSTUNREACH', `${topic}: ${why}`);
}
