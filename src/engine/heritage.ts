import type { EventDoc } from '../model/documents.ts';
import type { LastReconcile } from '../model/status-doc.ts';
import type { EngineContext } from './context.ts';

/** What one engine hands over to that of the next daemon; all else is in the store. */
export interface EngineHeritage {
  readonly events: readonly EventDoc[];
  readonly lastReconcile: LastReconcile | null;
  /** Modules that have run. */
  readonly ran: readonly string[];
}

export function heritageOf({ events, lastReconcile, critical }: EngineContext): EngineHeritage {
  return { events: [...events.recent()], lastReconcile, ran: critical.ran() };
}

export function inherit({ events, lastReconcile, ran }: EngineHeritage, context: EngineContext): void {
  context.events.inherit(events);
  context.lastReconcile = lastReconcile;
  context.critical.inherit(ran);
}
