import { type Address, type BusToRunner, type EventPacket, eventWindow } from '../../../model/bus.ts';
import { globMatches } from '../../../model/glob.ts';
import type { FromRunner } from '../../protocol.ts';
import type { Realm, Resident } from './realm.ts';

/** Passes events on to whoever subscribed: once to a realm, and to the daemon where somebody elsewhere wants them. */
export interface Events {
  published(realm: Realm, events: readonly EventPacket[]): void;
  fromDaemon(events: readonly EventPacket[]): void;
  subscribed(realm: Realm, globs: readonly string[]): void;
  interest(message: Extract<BusToRunner, { type: 'interest' }>): void;
  /** One that is held back on the way to the daemon. */
  withheld(event: EventPacket): void;
  exited(realm: Realm): void;
}

export interface EventsOptions {
  readonly residents: ReadonlyMap<Address, Resident>;
  post(message: FromRunner): void;
}

type Receiver = Realm | 'daemon';
/** Topics whose receivers are remembered. */
const rememberedTopics = 4096;

export function createEvents({ residents, post }: EventsOptions): Events {
  const subscriptions = new Map<Receiver, readonly string[]>();
  const receivers = new Map<string, readonly Receiver[]>();
  let all = '[]';

  function receiversOf(topic: string): readonly Receiver[] {
    const known = receivers.get(topic);
    if (known !== undefined) return known;
    const found = [...subscriptions].flatMap(([receiver, globs]) => (globs.some((glob) => globMatches(glob, topic)) ? [receiver] : []));
    if (receivers.size >= rememberedTopics) receivers.clear();
    receivers.set(topic, found);
    return found;
  }

  function listen(receiver: Receiver, globs: readonly string[]): void {
    receivers.clear();
    if (globs.length === 0) subscriptions.delete(receiver);
    else subscriptions.set(receiver, globs);
  }

  function fanOut(events: readonly EventPacket[], wanted: (receiver: Receiver) => boolean): void {
    const batches = new Map<Receiver, EventPacket[]>();
    for (const event of events) {
      for (const receiver of receiversOf(event[1])) {
        if (wanted(receiver) && !batches.get(receiver)?.push(event)) batches.set(receiver, [event]);
      }
    }
    for (const [receiver, batch] of batches) {
      if (receiver === 'daemon') post({ type: 'events', events: batch });
      else deliver(receiver, batch);
    }
  }

  /** As much as the realm has room for; what is beyond is dropped and counted. */
  function deliver(realm: Realm, events: readonly EventPacket[]): void {
    const underway = (realm.delivered - realm.credits.delivered.read()) >>> 0;
    const room = Math.max(0, eventWindow - underway);
    const taken = events.slice(0, room);
    if (taken.length > 0) realm.post({ type: 'events', events: taken });
    realm.delivered += taken.length;
    if (taken.length === events.length) return;
    for (const { metered } of realm.residents.values()) metered.meter.withheld(events.length - taken.length);
  }

  function tellUnion(realms: Iterable<Realm>): void {
    const globs = [...new Set([...realms].flatMap((realm) => realm.globs))].sort();
    const text = JSON.stringify(globs);
    if (text === all) return;
    all = text;
    post({ type: 'subscribed', globs });
  }

  const listening = (): Realm[] => [...subscriptions.keys()].filter((receiver) => receiver !== 'daemon');

  return {
    published(realm, events) {
      realm.credits.published.add(events.length);
      fanOut(events, () => true);
    },
    fromDaemon: (events) => fanOut(events, (receiver) => receiver !== 'daemon'),
    subscribed(realm, globs) {
      realm.globs = globs;
      listen(realm, globs);
      tellUnion(listening());
    },
    interest: ({ globs }) => listen('daemon', globs),
    withheld: ([from]) => residents.get(from)?.metered.meter.withheld(1),
    exited(realm) {
      if (!subscriptions.has(realm)) return;
      listen(realm, []);
      tellUnion(listening());
    },
  };
}
