import type { InstanceEvent } from '../model/instances.ts';
import { type Alternatives, loaderOf, providers } from '../model/requires.ts';
import type { Instance } from './instance.ts';

/** A reload of the service that was planned with what it has loaded gets there first, and then nothing is started twice. */
const soonMs = 100;

/**
 * What a service has loaded goes down with it and waits for its restart, longer each time that the service is still away.
 * Once that runs again, it comes back soon. Returns what is to hear of all events.
 */
export function followServices(table: ReadonlyMap<string, Instance>, alternatives: () => Alternatives): (event: InstanceEvent) => void {
  const waiting = new Set<Instance>();
  return (event) => {
    if (event.type !== 'state') return;
    const instance = table.get(event.name);
    if (instance !== undefined && event.to === 'B' && loaderOf(instance.spec) !== null) waiting.add(instance);
    if (instance !== undefined && event.to !== 'B') waiting.delete(instance);
    if (event.to !== 'R' || waiting.size === 0) return;
    const provider = providers(table, alternatives());
    for (const other of waiting) {
      if (other.standing.state !== 'B') waiting.delete(other);
      else if (provider(loaderOf(other.spec) ?? '') === event.name) other.restarts.hasten(soonMs);
    }
  };
}
