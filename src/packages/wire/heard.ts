import type { Monitor, PackageAction, PackageException, PackageWire, WireCounts } from '../../model/wire.ts';
import { type FromPackage, most } from './messages.ts';

const mostActions = 200;
export const mostExceptions = 10;

/** What a package has said of itself, in bounded memory. */
export interface Heard {
  take(message: Extract<FromPackage, { type: 'options' | 'monitors' | 'action' }>): void;
  action(name: string): PackageAction | undefined;
  count(what: keyof WireCounts, by?: number): void;
  view(exceptions: readonly PackageException[]): PackageWire;
}

/** `before`: what an earlier daemon has heard. */
export function createHeard(before?: PackageWire): Heard {
  const monitors = new Map<string, Monitor>(Object.entries(before?.monitors ?? {}));
  const actions = new Map<string, PackageAction>(before?.actions.map((action) => [action.name, action]));
  const counts = { received: 0, sent: 0, ignored: 0, malformed: 0, dropped: 0, ...before?.messages };
  let options = before?.options ?? null;

  return {
    take(message) {
      switch (message.type) {
        case 'options':
          options = message.options;
          break;
        case 'monitors':
          counts.dropped += message.dropped;
          for (const [name, monitor] of message.monitors) {
            if (monitors.has(name) || monitors.size < most.monitors) monitors.set(name, monitor);
            else counts.dropped += 1;
          }
          break;
        case 'action': {
          const { name, scoped, opts } = message;
          if (actions.has(name) || actions.size < mostActions) actions.set(name, { name, scoped, ...(opts === null ? {} : { opts }) });
          else counts.dropped += 1;
          break;
        }
        default:
          message satisfies never;
      }
    },
    action: (name) => actions.get(name),
    count(what, by = 1) {
      counts[what] += by;
    },
    view: (exceptions) => ({
      monitors: Object.fromEntries([...monitors].sort(([a], [b]) => (a < b ? -1 : 1))),
      actions: [...actions.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      exceptions,
      options,
      messages: { ...counts },
    }),
  };
}
