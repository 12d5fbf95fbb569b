import type { EventDoc } from '../model/documents.ts';
import type { Clock } from '../model/ports.ts';

/** How many events are remembered for those who look later. */
const remembered = 1000;

/** What happened, for `events` and for whoever waits for a change. */
export interface Events {
  emit(event: Omit<EventDoc, 'at'>): void;
  recent(): readonly EventDoc[];
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: EventDoc) => void): () => void;
}

export function createEvents(clock: Clock): Events {
  const ring: EventDoc[] = [];
  const listeners = new Set<(event: EventDoc) => void>();
  return {
    emit(event) {
      const dated = { at: new Date(clock.now()).toISOString(), ...event };
      ring.push(dated);
      if (ring.length > remembered) ring.splice(0, ring.length - remembered);
      for (const listener of listeners) listener(dated);
    },
    recent: () => ring,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
