import type { EventDoc } from '../model/documents.ts';
import type { InstanceEvent } from '../model/instances.ts';
import type { State } from '../model/module.ts';
import type { Clock } from '../model/ports.ts';
import { formatDuration } from '../model/units.ts';

/** How many events are remembered for those who look later. */
const remembered = 1000;

/** What happened, for `events` and for whoever waits for a change. */
export interface Events {
  emit(event: Omit<EventDoc, 'at'>): void;
  recent(): readonly EventDoc[];
  /** What has happened before this daemon. */
  inherit(past: readonly EventDoc[]): void;
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
    inherit: (past) => void ring.unshift(...past),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const stateNames: Record<State, string> = { I: 'initializing', R: 'running', F: 'finalizing', E: 'exited', B: 'backing off' };

/** What happened to a module, for people. */
export function eventOf(event: InstanceEvent): Omit<EventDoc, 'at'> {
  const { type, name, ...fields } = event;
  return { type, name, message: messageOf(event), fields };
}

function messageOf(event: InstanceEvent): string {
  switch (event.type) {
    case 'state':
      if (event.to === null) return `gone: ${event.reason}`;
      return `${event.failed ? 'failed' : stateNames[event.to]}${event.reason === '' ? '' : `: ${event.reason}`}`;
    case 'restart':
      return `restart ${event.attempt} in ${formatDuration(event.delayMs)}`;
    case 'gaveUp':
      return `gave up: ${event.reason}`;
    case 'health':
      return event.reason;
    case 'status':
      return `${event.level}: ${event.message}`;
  }
}
