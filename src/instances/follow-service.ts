import type { InstanceEvent } from '../model/instances.ts';
import { type Alternatives, loaderOf, providers } from '../model/requires.ts';
import type { Instance } from './instance.ts';

/** Brings back, once a service runs again, what it has loaded and what waits for it. Returns what is to hear of all events. */
export function followServices(table: ReadonlyMap<string, Instance>, alternatives: () => Alternatives): (event: InstanceEvent) => void {
  const waiting = new Set<Instance>();
  return (event) => {
    if (event.type !== 'state') return;
    const instance = table.get(event.name);
    if (instance !== undefined && event.to === 'B' && loaderOf(instance.spec) !== null) waiting.add(instance);
    if (event.to !== 'R' || waiting.size === 0) return;
    const provider = providers(table, alternatives());
    for (const other of waiting) {
      if (other.standing.state !== 'B') waiting.delete(other);
      else if (provider(loaderOf(other.spec) ?? '') === event.name) other.restarts.retry();
    }
  };
}
