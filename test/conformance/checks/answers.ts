import { until } from '../../support/place.ts';
import { talk } from '../../support/talk.ts';
import type { Check } from '../check.ts';

export const answers: Check[] = [
  {
    title: 'What a handler returns is the response',
    observe: ({ ask }) => ask('host.probe.returns', { who: 'Ada' }),
    expected: { text: 'hello Ada' },
  },
  {
    title: 'What a handler resolves with is the response',
    observe: ({ ask }) => ask('host.probe.resolves', [1, { a: 'ü' }]),
    expected: [1, { a: 'ü' }],
  },
  {
    title: 'A handler that returns nothing is answered for without a payload',
    observe: async ({ ask }) => [(await ask('host.probe.nothing')) ?? 'nothing', await ask('host.probe.falsy')],
    expected: ['nothing', [0, '', false, null]],
  },
  {
    title: 'An error of a handler is the error of who asked',
    observe: ({ refusal }) => refusal('host.probe.throws'),
    expected: { code: 'EFAILED', message: 'not today' },
  },
  {
    title: 'An error with a code keeps it, also one that only the module knows',
    observe: async ({ refusal }) => [await refusal('host.probe.throwsWithCode'), await refusal('host.probe.throwsOwnCode')],
    expected: [
      { code: 'ENOENT', message: 'no such room' },
      { code: 'EROOMFULL', message: 'the room is full' },
    ],
  },
  {
    title: 'What is thrown need not be an error',
    observe: ({ refusal }) => refusal('host.probe.throwsText'),
    expected: { code: 'EFAILED', message: 'just text' },
  },
  {
    title: 'A rejection is as good as a throw',
    observe: ({ refusal }) => refusal('host.probe.rejects'),
    expected: { code: 'EFAILED', message: 'later than that' },
  },
  {
    title: 'A generator makes a stream',
    observe: ({ parts }) => parts('host.probe.iterates', 5),
    expected: [1, 2, 3, 4, 5],
  },
  {
    title: 'An async generator makes a stream, in order',
    observe: ({ parts }) => parts('host.probe.iteratesAsync', 3),
    expected: [{ part: 1 }, { part: 2 }, { part: 3 }],
  },
  {
    title: 'A stream without a part ends at once',
    observe: ({ parts }) => parts('host.probe.iterates', 0),
    expected: [],
  },
  {
    title: 'A stream that breaks brings its parts and then the error',
    async observe({ ask }) {
      const parts: unknown[] = [];
      const ended = ask('host.probe.breaks', null, { onPart: (part) => void parts.push(part) });
      return ended.then(
        () => 'it went well',
        ({ code, message }) => [parts, code, message],
      );
    },
    expected: [[1, 2], 'EIO', 'broke in the middle'],
  },
  {
    title: 'Lists, maps, sets and bytes are payloads, not streams',
    observe: ({ ask }) => ask('peer.askShows', 'host.probe.collections'),
    expected:
      "{\n  list: [ 1, [ 2 ] ],\n  map: Map(1) { 'a' => 1970-01-01T00:00:00.000Z },\n  set: Set(1) { 1n },\n  bytes: Uint8Array(2) [ 1, 2 ]\n}",
  },
  {
    title: 'An answer that cannot be cloned fails alone, with EINVAL',
    async observe({ ask, refusal }) {
      const [bad, good] = await Promise.all([refusal('host.probe.uncloneable'), ask('host.probe.resolves', 'beside it')]);
      return [bad.code, good];
    },
    expected: ['EINVAL', 'beside it'],
  },
  {
    title: 'A method that nobody handles is ENOSYS',
    observe: async ({ refusal }) => (await refusal('host.probe.nothingOfThatName')).code,
    expected: 'ENOSYS',
  },
  {
    title: 'A handler sees topic, method and who asks',
    observe: async ({ ask }) => [await ask('host.probe.asked'), await ask('peer.ask', { topic: 'host.probe.asked' })],
    expected: [
      { topic: 'host.probe.asked', method: 'asked', from: 'client', aborted: false },
      { answer: { topic: 'host.probe.asked', method: 'asked', from: 'peer', aborted: false } },
    ],
  },
  {
    title: 'Requests to one module are served at the same time',
    async observe({ ask }) {
      const waits = ask('host.probe.waits', 'one');
      await ask('host.probe.comes', 'one');
      return waits;
    },
    expected: 'one came',
  },
  {
    title: 'A handler may ask its own module',
    observe: ({ ask }) => ask('host.probe.nested'),
    expected: { text: 'hello myself' },
  },
  {
    title: 'A handler that is added while the module runs serves',
    async observe({ ask, refusal }) {
      const before = await refusal('host.probe.late');
      await ask('host.probe.handleLate');
      return [before.code, await ask('host.probe.late')];
    },
    expected: ['ENOSYS', 'also late'],
  },
  {
    title: 'The signal of a request is aborted when who asked gives it up',
    async observe({ ask }) {
      const giveUp = new AbortController();
      const asked = ask('host.probe.never', 'given up', { signal: giveUp.signal }).catch((error) => error.code);
      await ask('host.probe.began', 'given up');
      giveUp.abort();
      return [await asked, await ask('host.probe.aborted', 'given up')];
    },
    expected: ['ECANCELED', 'aborted'],
  },
  {
    title: 'The signal of a request is aborted when who asked is gone, and the module hears who that was',
    async observe({ ask, place }) {
      const other = await talk(place);
      other.ask('host.probe.never', 'gone').catch(() => {});
      await ask('host.probe.began', 'gone');
      other[Symbol.dispose]();
      const aborted = await ask('host.probe.aborted', 'gone');
      await until(async () => (await ask<string[]>('host.probe.gone')).length > 0, 'it has heard of the client that is gone');
      return [aborted, await ask('host.probe.gone')];
    },
    expected: ['aborted', ['client']],
  },
  {
    title: 'A payload of 1 MiB passes both ways',
    async observe({ ask }) {
      const text = 'é'.repeat(512 * 1024);
      return [await ask('host.probe.measures', text), (await ask('host.probe.echoes', text)) === text];
    },
    expected: [512 * 1024, true],
  },
];
