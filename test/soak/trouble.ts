import type { Result } from '../../src/model/plan.ts';
import type { Random } from '../../src/model/ports.ts';
import { isAlive, type Place } from '../support/place.ts';
import { rawClient } from '../support/raw-client.ts';
import type { Talk } from '../support/talk.ts';
import { config, everyone, mortal, safe, visitor } from './world.ts';

export interface TroubleOptions {
  readonly place: Place;
  readonly daemon: Talk;
  readonly random: Random;
  readonly findings: string;
  found(what: object): void;
}

/** What happens to the modules while they talk: each call is one thing of one kind, awaited as far as who asked for it would. */
export interface Trouble {
  next(): Promise<void>;
  /** How often each kind of thing has happened. */
  readonly done: ReadonlyMap<string, number>;
}

export function createTrouble({ place, daemon, random, findings, found }: TroubleOptions): Trouble {
  const done = new Map<string, number>();
  const steps = new Map<string, number>();
  let visits = 0;
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;

  /** Of modules that do not crash every change has to go well. */
  async function edit(): Promise<void> {
    const names = new Set([pick(safe), pick(safe), ...(random.next() < 0.3 ? [pick(mortal)] : [])]);
    for (const name of names) steps.set(name, (steps.get(name) ?? 0) + 1);
    await place.write('muster.yaml', config(steps, findings));
    const result = (await daemon.muster('reload', {})) as Result;
    for (const { name, status, error } of result.changes) {
      if (safe.includes(name) && status !== 'ok') found({ what: 'reload failed', name, status, error });
    }
    const reloaded = result.changes.map(({ name }) => name);
    for (const name of names) if (safe.includes(name) && !reloaded.includes(name)) found({ what: 'not reloaded', name });
  }

  async function crash(): Promise<void> {
    await daemon.ask(`${pick(mortal)}.crash`, pick(['throw', 'exit', 'reject'])).catch(() => {});
  }

  async function killRunner(): Promise<void> {
    const { modules } = await daemon.muster('list', {});
    const victim = pick(mortal);
    const pid = modules.find(({ name }) => name === victim)?.pid;
    // The one before it may have been killed a moment ago.
    if (typeof pid === 'number' && isAlive(pid)) process.kill(pid, 'SIGKILL');
  }

  async function visit(): Promise<void> {
    const name = nextVisitor();
    await daemon.muster('load', { ...visitor(name, findings), isolation: pick(['thread', 'shared', 'process'] as const) });
    await daemon.ask(`${name}.ping`);
    await daemon.muster('remove', { names: [name] });
  }

  async function hang(): Promise<void> {
    const name = nextVisitor();
    await daemon.muster('load', { ...visitor(name, findings), isolation: 'thread' });
    const lost = daemon.refusal(`${name}.hang`);
    await daemon.muster('remove', { names: [name], cancel: true });
    const { code } = await lost;
    if (code !== 'EHOSTUNREACH') found({ what: 'a request to a hung module ended oddly', code });
  }

  async function vanish(): Promise<void> {
    using client = await rawClient(place);
    for (let n = 0; n < 20; n++) client.request(`${pick(everyone)}.work`, { of: `vanishing-${visits}`, n: random.next(), slow: true });
  }

  function nextVisitor(): string {
    visits += 1;
    return `visitor-${visits}`;
  }

  const kinds = { edit, crash, killRunner, visit, hang, vanish };
  const weighed = ['edit', 'edit', 'edit', 'crash', 'crash', 'killRunner', 'visit', 'hang', 'vanish'] as const;
  return {
    done,
    async next() {
      const kind = pick(weighed);
      await kinds[kind]().catch((error: Error & { code?: string }) =>
        found({ what: `${kind} failed`, code: error.code, message: error.message }),
      );
      done.set(kind, (done.get(kind) ?? 0) + 1);
    },
  };
}
