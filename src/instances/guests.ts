import { toWire, type WireError } from '../model/error.ts';
import { type Alternatives, loaderOf, providers } from '../model/requires.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';
import { stateOf } from './save.ts';

/**
 * What a service has loaded into itself, while that is replaced: it goes down with the old instance of the service, which
 * stops it before itself, and comes back with the new one. It loses neither its state nor a request.
 */
export interface Guests {
  /** Why one did not save; null: all did. Only then the service is stopped. */
  readonly refusal: WireError | null;
  /** The service stays after all, and they go on. */
  resume(): void;
  /** The old service is gone; resolves when they are, too. */
  gone(): Promise<void>;
  /** There is no new service: nobody waits for them any more. */
  giveUp(): void;
}

export interface Pause {
  /** What cannot save goes without. */
  readonly force: boolean;
  /** The old service is there until the new one runs: those that have saved nothing answer it until then. */
  readonly overlap: boolean;
}

/** Has all save what their next instances are to have. */
export async function pauseGuests(
  guests: readonly Instance[],
  { force, overlap }: Pause,
  ports: Pick<InstancePorts, 'clock' | 'services'>,
): Promise<Guests> {
  const running = guests.filter(({ standing }) => standing.state === 'R');
  let refusal: WireError | null = null;
  await Promise.all(
    running.map(async (instance) => {
      const { turn } = instance;
      ports.services.park(instance.name);
      const state = await stateOf(instance, ports.clock).catch((error: unknown) => {
        if (!force) refusal ??= toWire(error);
        return null;
      });
      if (instance.turn !== turn) return;
      instance.suspension.begin(state);
      if (overlap && state === null) instance.run?.launched.resume();
    }),
  );
  const paused = () => running.filter(({ suspension }) => suspension.active);
  return {
    refusal,
    resume: () => {
      for (const instance of paused()) resume(instance);
    },
    async gone() {
      await Promise.all(paused().map(end));
    },
    giveUp: () => {
      for (const { name } of paused()) ports.services.unpark(name);
    },
  };
}

/** If it has ended meanwhile it comes back with what it saved. */
function resume({ suspension, standing, run, restarts }: Instance): void {
  if (standing.state === 'B') {
    restarts.retry();
    return;
  }
  if (standing.state === 'R') run?.launched.resume();
  suspension.end();
}

/** What runs when its service is gone runs nowhere; it only has to be told of that. */
async function end({ runs, standing }: Instance): Promise<void> {
  if (standing.state === 'I') return;
  for (const run of runs.all()) run.kill();
  await runs.gone();
}

/** What the module has loaded into itself, and what that has. */
export function guestsOf(table: ReadonlyMap<string, Instance>, alternatives: Alternatives, host: string): readonly Instance[] {
  const provider = providers(table, alternatives);
  const loaded = new Map<string, Instance[]>();
  for (const instance of table.values()) {
    const service = loaderOf(instance.spec);
    if (service === null) continue;
    const name = provider(service);
    const list = loaded.get(name);
    if (list === undefined) loaded.set(name, [instance]);
    else list.push(instance);
  }
  const found = new Set(loaded.get(host));
  for (const { name } of found) for (const instance of loaded.get(name) ?? []) if (instance.name !== host) found.add(instance);
  return [...found];
}
