import type { EventDoc } from '../model/documents.ts';
import type { Condition, LastReconcile } from '../model/status-doc.ts';
import type { EngineContext } from './context.ts';

/** What one engine hands over to that of the next daemon; all else is in the store. */
export interface EngineHeritage {
  readonly events: readonly EventDoc[];
  readonly lastReconcile: LastReconcile | null;
  /** Modules that have run. */
  readonly ran: readonly string[];
  /** Since when they are as they are. */
  readonly conditions: readonly Condition[];
}

export function heritageOf({ events, lastReconcile, critical, transitions }: EngineContext): EngineHeritage {
  return { events: [...events.recent()], lastReconcile, ran: critical.ran(), conditions: transitions.known() };
}

export function inherit({ events, lastReconcile, ran, conditions }: EngineHeritage, context: EngineContext): void {
  context.events.inherit(events);
  context.lastReconcile = lastReconcile;
  context.critical.inherit(ran);
  context.transitions.inherit(conditions);
}
