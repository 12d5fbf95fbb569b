import { streamWindow } from '../../../src/model/bus.ts';
import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import type { World } from '../world.ts';

export const streams: Check[] = [
  {
    title: 'A module takes a stream in order, to its end',
    observe: ({ ask }) => ask('host.probe.sip', { from: 'peer', key: 'order', count: 1000 }).then(withoutAhead),
    expected: { taken: 1000, inOrder: true },
  },
  {
    title: 'A module makes a stream that arrives in order, to its end',
    observe: ({ ask }) => ask('peer.sip', { from: 'host.probe', key: 'order', count: 1000 }).then(withoutAhead),
    expected: { taken: 1000, inOrder: true },
  },
  {
    title: 'A stream of many parts reaches a client whole',
    async observe({ parts }) {
      const all = await parts('host.probe.produce', { key: 'client', count: 2000 });
      return [all.length, all[0], all.at(-1)];
    },
    expected: [2000, 1, 2000],
  },
  {
    title: 'Who makes a stream for one that does not take waits for it',
    observe: (world) => isHeldBack(world, 'peer.sip', 'host.probe'),
    expected: true,
  },
  {
    title: 'Who does not take a stream holds back who makes it',
    observe: (world) => isHeldBack(world, 'host.probe.sip', 'peer'),
    expected: true,
  },
  {
    title: 'Who leaves a stream ends it where it is made',
    observe: (world) => isLeft(world, 'host.probe.leave', 'peer'),
    expected: [3, 'ended'],
  },
  {
    title: 'A stream that a module makes ends in it when it is left',
    observe: (world) => isLeft(world, 'peer.leave', 'host.probe'),
    expected: [3, 'ended'],
  },
  {
    title: 'A stream that breaks gives what came and then throws',
    observe: ({ ask }) => ask('host.probe.take', { topic: 'peer.breaksAfter', payload: 2 }),
    expected: { parts: [1, 2], error: { code: 'EIO', message: 'broke in the middle' } },
  },
  {
    title: 'The timeout of a stream is that between two parts',
    async observe({ ask }) {
      const taken = await ask<{ parts: unknown; error: { code: string } }>('host.probe.take', { topic: 'peer.stalls', timeout: 1000 });
      return [taken.parts, taken.error.code];
    },
    expected: [[1], 'ETIMEDOUT'],
  },
  {
    title: 'A stream of nobody is ENOSYS',
    async observe({ ask }) {
      const taken = await ask<{ parts: unknown; error: { code: string } }>('host.probe.take', { topic: 'nobody.there' });
      return [taken.parts, taken.error.code];
    },
    expected: [[], 'ENOSYS'],
  },
  {
    title: 'A client that gives a stream up ends it where it is made',
    async observe(world) {
      const giveUp = new AbortController();
      const payload = { key: 'given up', count: 1_000_000 };
      const code = await world
        .ask('host.probe.produce', payload, { signal: giveUp.signal, onPart: () => giveUp.abort() })
        .catch((error) => error.code);
      await until(() => hasEnded(world, 'host.probe', 'given up'), 'the stream has ended');
      return code;
    },
    expected: 'ECANCELED',
  },
];

function withoutAhead(sipped: unknown): unknown {
  const { ahead: _, ...rest } = sipped as { ahead: number };
  return rest;
}

/** Beyond what may be under way, one part may be in the hands of who makes it. */
async function isHeldBack({ ask }: World, topic: string, from: string): Promise<boolean | number> {
  const { ahead } = await ask<{ ahead: number }>(topic, { from, key: 'ahead', count: 2000 });
  return ahead <= streamWindow + 1 ? true : ahead;
}

async function isLeft(world: World, topic: string, from: string): Promise<unknown> {
  const taken = await world.ask(topic, { from, key: 'left', after: 3 });
  await until(() => hasEnded(world, from, 'left'), 'the stream has ended');
  return [taken, 'ended'];
}

const hasEnded = async ({ ask }: World, from: string, key: string) => (await ask<{ ended: boolean }>(`${from}.produced`, key)).ended;
