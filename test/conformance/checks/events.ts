import { isDeepStrictEqual } from 'node:util';
import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import type { World } from '../world.ts';

/** Events of one sender arrive in order: when its last one is there, so is all that was to come before it. */
const last = (topic: string) => [topic, 'the last'];

export const events: Check[] = [
  {
    title: 'A module hears what another publishes, and from whom',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'plain', globs: ['news.*'] });
      await world.ask('peer.tell', [['news.today', { a: 1 }], last('news.end')]);
      return heard(world, 'plain', ['news.end', 'the last', 'peer']);
    },
    expected: [
      ['news.today', { a: 1 }, 'peer'],
      ['news.end', 'the last', 'peer'],
    ],
  },
  {
    title: 'Another hears what a module publishes, and from whom',
    async observe({ ask }) {
      await ask('host.probe.tell', [
        ['told.one', [1]],
        ['untold.one', 2],
        ['told.two', undefined],
      ]);
      return gathered(() => ask('peer.heard'), 2);
    },
    expected: [
      ['told.one', [1], 'host.probe'],
      ['told.two', null, 'host.probe'],
    ],
  },
  {
    title: 'Only what a glob matches is heard',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'globs', globs: ['glob.*.two', 'exact.it'] });
      await world.ask('peer.tell', [
        ['glob.one.two', 1],
        ['glob.one', 2],
        ['other.one.two', 3],
        ['exact.not', 4],
        ['exact.it', 5],
      ]);
      return heard(world, 'globs', ['exact.it', 5, 'peer']);
    },
    expected: [
      ['glob.one.two', 1, 'peer'],
      ['exact.it', 5, 'peer'],
    ],
  },
  {
    title: 'A module hears its own events',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'self', globs: ['self.*'] });
      await world.ask('host.probe.tell', [['self.one', 1], last('self.end')]);
      return heard(world, 'self', ['self.end', 'the last', 'host.probe']);
    },
    expected: [
      ['self.one', 1, 'host.probe'],
      ['self.end', 'the last', 'host.probe'],
    ],
  },
  {
    title: 'A module and its neighbour each hear an event once',
    async observe(world) {
      await world.ask('host.heard');
      await world.ask('host.probe.hear', { key: 'mixed', globs: ['mixed.*'] });
      await world.ask('peer.tell', [['mixed.one', 1], last('mixed.end')]);
      const own = await heard(world, 'mixed', ['mixed.end', 'the last', 'peer']);
      return [own, await gathered(() => world.ask('host.heard'), 2)];
    },
    expected: Array(2).fill([
      ['mixed.one', 1, 'peer'],
      ['mixed.end', 'the last', 'peer'],
    ]),
  },
  {
    title: 'Each of two subscriptions that match is called, once',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'twice', globs: ['twice.*', 'twice.one'] });
      await world.ask('peer.tell', [['twice.one', 1], last('twice.end')]);
      return heard(world, 'twice', ['twice.end', 'the last', 'peer']);
    },
    expected: [
      ['twice.one', 1, 'peer'],
      ['twice.one', 1, 'peer'],
      ['twice.end', 'the last', 'peer'],
    ],
  },
  {
    title: 'A subscription that was ended hears nothing more',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'ended', globs: ['ended.*'] });
      await world.ask('host.probe.hear', { key: 'lasting', globs: ['ended.*'] });
      await world.ask('host.probe.unhear', 'ended');
      await world.ask('peer.tell', [last('ended.end')]);
      await heard(world, 'lasting', ['ended.end', 'the last', 'peer']);
      return world.ask('host.probe.heard', 'ended');
    },
    expected: [],
  },
  {
    title: 'A thousand events of one turn arrive in their order',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'many', globs: ['many.*'] });
      await world.ask(
        'peer.tell',
        Array.from({ length: 1000 }, (_, index) => ['many.one', index]),
      );
      const all = (await heard(world, 'many', ['many.one', 999, 'peer'])) as [string, number][];
      return [all.length, all.every(([, payload], index) => payload === index)];
    },
    expected: [1000, true],
  },
  {
    title: 'A module hears what a client publishes',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'client', globs: ['client.*'] });
      await world.muster('publish', { topic: 'client.says', payload: { a: [1] } });
      return heard(world, 'client', ['client.says', { a: [1] }, 'client']);
    },
    expected: [['client.says', { a: [1] }, 'client']],
  },
  {
    title: 'An event that cannot be cloned throws EINVAL where it is published, and the next one passes',
    async observe(world) {
      await world.ask('host.probe.hear', { key: 'odd', globs: ['odd.*'] });
      const first = await world.ask<{ code: string }>('host.probe.tellUncloneable');
      return [first.code, await heard(world, 'odd', ['odd.end', 'the end', 'host.probe'])];
    },
    expected: ['EINVAL', [['odd.end', 'the end', 'host.probe']]],
  },
];

/** All that was heard under a key, once this event is among it. */
async function heard({ ask }: World, key: string, final: unknown): Promise<unknown[]> {
  let all: unknown[] = [];
  await until(
    async () => {
      all = await ask<unknown[]>('host.probe.heard', key);
      return all.some((one) => isDeepStrictEqual(one, final));
    },
    `${JSON.stringify(final)} is heard`,
  );
  return all;
}

/** What comes bit by bit, until there is so much of it. */
async function gathered(more: () => Promise<unknown[]>, count: number): Promise<unknown[]> {
  const all: unknown[] = [];
  await until(async () => all.push(...(await more())) >= count, `${count} events are there`);
  return all;
}
