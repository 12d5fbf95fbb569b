import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import { fixture } from '../world.ts';

export const asks: Check[] = [
  {
    title: 'A module asks another',
    observe: ({ ask }) => ask('host.probe.ask', { topic: 'peer.echo', payload: { a: [1] } }),
    expected: { answer: { a: [1] } },
  },
  {
    title: 'A module asks its neighbour',
    observe: ({ ask }) => ask('host.probe.ask', { topic: 'host.hello' }),
    expected: { answer: 'from the neighbour' },
  },
  {
    title: 'A hundred requests under way get each its own answer',
    observe: ({ ask }) => ask('host.probe.askMany', { topic: 'peer.echo', count: 100 }),
    expected: Array.from({ length: 100 }, (_, index) => index),
  },
  {
    title: 'Thousands of requests under way, more than the window lets pass, are all answered',
    observe: async ({ ask }) => (await ask<unknown[]>('host.probe.askMany', { topic: 'peer.echo', count: 3000 })).length,
    expected: 3000,
  },
  {
    title: 'No payload arrives as undefined',
    observe: ({ ask }) => ask('host.probe.typeOfNothing'),
    expected: 'undefined',
  },
  {
    title: 'A request to nobody is ENOSYS',
    observe: async ({ ask }) => (await ask<{ code: string }>('host.probe.ask', { topic: 'nobody.hello' })).code,
    expected: 'ENOSYS',
  },
  {
    title: 'What the other side throws arrives as an error with its code',
    observe: ({ ask }) => ask('host.probe.ask', { topic: 'peer.refuses' }),
    expected: { code: 'EPERM', message: 'the peer refuses' },
  },
  {
    title: 'A request that takes longer than its timeout is ETIMEDOUT, and the other side hears of it',
    async observe({ ask }) {
      const asked = await ask<{ code: string }>('host.probe.ask', { topic: 'peer.never', payload: 'timed out', timeout: 1000 });
      return [asked.code, await ask('peer.aborted', 'timed out')];
    },
    expected: ['ETIMEDOUT', 'aborted'],
  },
  {
    title: 'A request that is given up is ECANCELED, and the other side hears of it',
    async observe({ ask }) {
      const [{ code }, aborted] = await ask<[{ code: string }, string]>('host.probe.askAndGiveUp', 'given up');
      return [code, aborted];
    },
    expected: ['ECANCELED', 'aborted'],
  },
  {
    title: 'A request whose signal is aborted already is ECANCELED',
    observe: async ({ ask }) => (await ask<{ code: string }>('host.probe.askTooLate')).code,
    expected: 'ECANCELED',
  },
  {
    title: 'A payload that cannot be cloned is EINVAL for who asks, and the next request passes',
    async observe({ ask }) {
      const [bad, good] = await ask<[{ code: string }, unknown]>('host.probe.askUncloneable');
      return [bad.code, good];
    },
    expected: ['EINVAL', { answer: 'and on' }],
  },
  {
    title: 'Of requests of one turn only the one that cannot be cloned fails',
    async observe({ ask }) {
      const [one, two, three] = await ask<[unknown, { code: string }, unknown]>('host.probe.askUncloneableAmong');
      return [one, two.code, three];
    },
    expected: [{ answer: 1 }, 'EINVAL', { answer: 3 }],
  },
  {
    title: 'A payload beyond the limit is E2BIG, and one below it passes',
    observe: ({ ask }) => ask('host.probe.askTooMuch'),
    expected: ['E2BIG', { answer: 7 * 1024 * 1024 }],
  },
  {
    title: 'An answer beyond the limit is E2BIG for who asked',
    observe: ({ ask }) => ask('host.probe.askForTooMuch'),
    expected: 'E2BIG',
  },
  {
    title: 'Maps, dates, bytes, big integers and cycles pass between modules',
    observe: async ({ ask }) => [await ask('host.probe.askRich'), await ask('host.probe.askForRich')],
    expected: [
      "<ref *1> {\n  bytes: Uint8Array(3) [ 1, 2, 3 ],\n  map: Map(1) { 'at' => 1970-01-01T00:00:00.000Z },\n  big: 100000000000000000000n,\n  self: [Circular *1]\n}",
      true,
    ],
  },
  {
    title: 'A payload is a copy: what the other side does to it stays there',
    observe: async ({ ask }) => [await ask('host.probe.lend', 'peer.spoils'), await ask('host.probe.lend', 'host.probe.spoils')],
    expected: [
      [2, ['mine']],
      [2, ['mine']],
    ],
  },
  {
    title: 'Of a module that dies those who wait for its answer hear EHOSTUNREACH at once',
    async observe({ ask, declare, refusal }) {
      await declare({ 'rough.victim': { module: fixture('ends.ts'), restart: { policy: 'never' } } });
      const [ofModule, ofClient] = [ask<{ code: string }>('peer.ask', { topic: 'rough.victim.never' }), refusal('rough.victim.never')];
      await until(async () => (await ask('rough.victim.begun')) === 2, 'both wait for their answers');
      await refusal('rough.victim.exits');
      const codes = [(await ofModule).code, (await ofClient).code];
      await declare({ 'rough.victim': null });
      return codes;
    },
    expected: ['EHOSTUNREACH', 'EHOSTUNREACH'],
  },
];
