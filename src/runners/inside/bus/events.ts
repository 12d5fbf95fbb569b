import { type EventPacket, eventWindow } from '../../../model/bus.ts';
import type { Published } from '../../../model/context.ts';
import { publishProblem } from '../../../model/topic.ts';
import type { FromRealm } from '../../protocol.ts';
import type { EventCredits } from '../meter.ts';
import { checkedTopic } from './options.ts';
import { again, take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';
import { isThenable } from './sent-stream.ts';
import { createSubscriptions, type Subscription } from './subscriptions.ts';
import type { Tap } from './tap.ts';
import type { Turn } from './turn.ts';

/** Events of one turn that cross as one; many or large ones go before its end. */
const mostEvents = 512;
const mostBytes = 1024 * 1024;

/** Events that modules of this realm publish, and those that reach it. */
export interface Events {
  /** Throws what is wrong with topic or payload. What is beyond the window of events under way is dropped and counted. */
  publish(module: ModuleHere, topic: string, payload: unknown): void;
  subscribe(module: ModuleHere, glob: string, fn: (event: Published) => unknown): () => void;
  arrive(events: unknown): void;
  leave(module: ModuleHere): void;
}

export interface EventsPorts {
  post(message: FromRealm): void;
  readonly credits: EventCredits;
  readonly turn: Turn;
  readonly tap: Tap;
}

export function createEvents({ post, credits, turn, tap }: EventsPorts): Events {
  const subscriptions = createSubscriptions({ post, turn });
  let gathered: EventPacket[] = [];
  let bytes = 0;
  let published = 0;

  turn.atEnd(flush);

  function flush(): void {
    if (gathered.length === 0) return;
    const events = gathered;
    gathered = [];
    bytes = 0;
    post({ type: 'events', events });
  }

  function deliver(event: unknown): void {
    if (!Array.isArray(event)) return;
    const [from, topic, payload, sender] = event as unknown as EventPacket;
    if (typeof topic !== 'string' || typeof from !== 'number') return;
    const matching = subscriptions.matching(topic);
    // Each its own, made before the first of them can change it.
    const payloads = matching.map((_, at) => (at === 0 ? payload : again(payload)));
    matching.forEach(({ subscription, first }, at) => {
      const { module } = subscription;
      if (first) {
        module.meter.received('event');
        if (tap.on !== null) tap.message({ type: 'event', topic, from, to: module.address }, payloads[at]);
      }
      if (subscription.on) hand(subscription, { topic, payload: payloads[at], from: String(sender) });
    });
  }

  return {
    publish(module, topic, payload) {
      const problem = publishProblem(checkedTopic(topic));
      if (problem !== null) throw problem;
      const taken = take(payload, `the payload of ${topic}`);
      if ((published - credits.published.read()) >>> 0 >= eventWindow) return module.meter.dropped();
      published = (published + 1) >>> 0;
      module.meter.sent('event');
      if (tap.on !== null) tap.message({ type: 'event', topic, from: module.address, to: null }, taken.payload);
      bytes += taken.size;
      const count = gathered.push([module.address, topic, taken.payload, module.name()]);
      if (count === 1) turn.wake();
      if (count >= mostEvents || bytes >= mostBytes) flush();
    },
    subscribe: subscriptions.add,
    arrive(events) {
      if (!Array.isArray(events)) return;
      try {
        for (const event of events) deliver(event);
      } finally {
        credits.delivered.add(events.length);
      }
    },
    leave: subscriptions.leave,
  };
}

function hand({ module, fn }: Subscription, event: Published): void {
  try {
    const heard = module.run(() => fn(event));
    if (isThenable(heard)) heard.then(undefined, (error) => module.failed(error));
  } catch (error) {
    module.failed(error);
  }
}
