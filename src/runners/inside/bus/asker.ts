import type { Address } from '../../../model/bus.ts';
import type { RequestOptions } from '../../../model/context.ts';
import { MusterError, messageOf } from '../../../model/error.ts';
import type { RouteHere } from '../../protocol.ts';
import type { Asking, Taker } from './asking.ts';
import { createDelivery, type DeliveryPorts } from './delivery.ts';
import { errorOf } from './fault.ts';
import { canceled, checkedOptions, checkedPrefix } from './options.ts';
import { take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';

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

export function createAsker(ports: Omit<DeliveryPorts, 'refused'>): Asker {
  const asked = new Map<number, Asking>();
  const prefixes = new Map<string, string>();
  const delivery = createDelivery({ ...ports, refused: fail });
  let ids = 0;

  function begin(owner: ModuleHere, topic: string, payload: unknown, options: RequestOptions | undefined, taker: Taker): Asking {
    const prefix = prefixOf(topic);
    const { timeout, signal } = checkedOptions(topic, options);
    const taken = take(payload, `the payload of ${topic}`);
    ids += 1;
    const asking: Asking = {
      id: ids,
      owner,
      topic,
      prefix,
      taker,
      signal,
      onAbort: signal === null ? null : () => giveUp(asking, canceled(topic, signal)),
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
    if (asking.onAbort !== null) signal?.addEventListener('abort', asking.onAbort, { once: true });
    return asking;
  }

  function prefixOf(topic: string): string {
    const known = prefixes.get(topic);
    if (known !== undefined) return known;
    const prefix = checkedPrefix(topic);
    if (prefixes.size >= mostTopics) prefixes.clear();
    prefixes.set(topic, prefix);
    return prefix;
  }

  function limit(asking: Asking, timeout: number): void {
    const expired = (): void => giveUp(asking, new MusterError('ETIMEDOUT', `${asking.topic} was not answered within ${timeout} ms`));
    asking.timer = setTimeout(expired, timeout);
    asking.timer.unref();
  }

  function finish(asking: Asking): void {
    asked.delete(asking.id);
    if (asking.timer !== null) clearTimeout(asking.timer);
    if (asking.onAbort !== null) asking.signal?.removeEventListener('abort', asking.onAbort);
    delivery.end(asking);
  }

  function fail(asking: Asking, error: MusterError): void {
    finish(asking);
    asking.taker.fail(error, false);
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

  return {
    ask(owner, topic, payload, options, taker) {
      let asking: Asking;
      try {
        asking = begin(owner, topic, payload, options, taker);
      } catch (error) {
        taker.fail(error instanceof MusterError ? error : new MusterError('EINVAL', messageOf(error)), false);
        return null;
      }
      delivery.begin(asking);
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
    moved: delivery.moved,
    route: delivery.route,
    stale: delivery.stale,
    gone(address, name) {
      delivery.gone(address, (destination) => {
        for (const asking of [...asked.values()]) {
          if (asking.at !== 'sent' || asking.lane?.destination !== destination) continue;
          fail(asking, new MusterError('EHOSTUNREACH', `${asking.topic}: ${name} is gone`));
        }
      });
    },
    leave(module) {
      const own = [...asked.values()].filter(({ owner }) => owner === module);
      // What waits goes first, so that it does not take the place of what was sent.
      const waiting = own.filter(({ at }) => at !== 'sent');
      for (const asking of [...waiting, ...own])
        giveUp(asking, new MusterError('ECANCELED', `${asking.topic}: ${module.name()} ended`), true);
      delivery.leave(module);
    },
  };
}
