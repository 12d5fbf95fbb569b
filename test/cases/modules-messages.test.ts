import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';
import { type Talk, talk } from '../support/talk.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const hears = (name: string, ...globs: string[]) => `  ${name}: {module: ${fixture('hears.mjs')}, args: ${JSON.stringify(globs)}}\n`;

let place: Place;
let daemon: Talk;

beforeAll(async () => {
  place = await createPlace(
    `version: 1
modules:
  various: ${fixture('answers-variously.mjs')}
${hears('one', 'news.*')}${hears('two', '*.today', 'news.to*')}${hears('three', 'weather.*')}`,
  );
  await place.up();
  daemon = await talk(place);
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

test('20. a request to nobody is ENOSYS at once', async () => {
  expect(await within(500, () => daemon.refusal('nobody.hello', { a: 1 }))).toMatchObject({ code: 'ENOSYS' });
  const ran = await place.muster('request', 'nobody.hello');
  expect([ran.code, ran.stdout]).toEqual([1, '']);
  expect(ran.stderr).toContain('(ENOSYS)');
});

test('21. who asks gets what a handler returns, what it throws, and all parts of what it iterates', async () => {
  using client = await rawClient(place);
  expect(await answersTo(client, 'various.returns', { who: 'Ada' })).toMatchObject([{ payload: { text: 'hello Ada' } }]);
  expect(await answersTo(client, 'various.throws')).toMatchObject([{ error: { code: 'ENOENT', message: 'no such room' } }]);
  const stream = await answersTo(client, 'various.iterates', 4);
  expect(stream.map(({ more }) => more === true)).toEqual([...stream.slice(1).map(() => true), false]);
  const parts = stream.map(({ payload }) => payload).filter((payload) => payload !== undefined && payload !== null);
  expect(parts).toEqual([1, 2, 3, 4].map((part) => ({ part })));

  expect(await place.muster('request', 'various.returns', '{"who": "Ada"}')).toMatchObject({ code: 0, stderr: '' });
  const streamed = await place.muster('request', 'various.iterates', '3');
  expect([streamed.code, streamed.stdout]).toEqual([0, '{"part":1}\n{"part":2}\n{"part":3}\n']);
  const refused = await place.muster('request', 'various.throws');
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('no such room (ENOENT)');
});

test('22. an event reaches each subscriber whose glob matches, once a subscription', async () => {
  expect(await place.muster('publish', 'news.today', '{"text": "sunny"}')).toMatchObject({ code: 0, stdout: '' });
  await daemon.ask('one.says', { topic: 'news.tonight', payload: 2 });
  await daemon.ask('one.says', { topic: 'weather.now', payload: 3 });
  const heard = (name: string) => daemon.ask<unknown[]>(`${name}.heard`);
  const counts = async () => `${await Promise.all(['one', 'two', 'three'].map(async (name) => (await heard(name)).length))}`;
  await until(async () => (await counts()) === '2,3,1', 'the last events have arrived');
  const today = ['news.today', { text: 'sunny' }, 'client'];
  const tonight = ['news.tonight', 2, 'one'];
  expect(await heard('one')).toEqual([today, tonight]);
  expect(await heard('three')).toEqual([['weather.now', 3, 'one']]);
  // Two of its globs match the first event, and one the second.
  expect(await heard('two')).toEqual([today, today, tonight]);
});

test('23. a service that a module registers is listed and served by it alone, until it is removed', async () => {
  const registers = (name: string) => place.muster('load', '--name', name, fixture('registers.mjs'), 'abc');
  expect(await registers('first')).toMatchObject({ code: 0 });
  expect((await place.module('first')).services).toEqual(['abc']);
  expect((await place.muster('list')).stdout).toMatch(/^first .* abc( |$)/m);
  expect(await daemon.ask('abc.who')).toBe('first');

  const clash = await registers('second');
  expect([clash.code, clash.stdout]).toEqual([4, '']);
  expect(clash.stderr).toContain('the service abc');
  expect(clash.stderr).toContain('first');
  expect((await place.list()).map(({ name }) => name)).not.toContain('second');
  expect(await daemon.ask('abc.who')).toBe('first');

  expect(await place.muster('remove', 'first')).toMatchObject({ code: 0 });
  expect(await daemon.refusal('abc.who')).toMatchObject({ code: 'ENOSYS' });
  expect(await registers('second')).toMatchObject({ code: 0 });
  expect(await daemon.ask('abc.who')).toBe('second');
});

/** All messages that answer one request. */
async function answersTo(client: RawClient, topic: string, payload?: unknown) {
  const id = client.request(topic, payload);
  const own = () => client.messages().filter((message) => message.id === id);
  await until(() => own().at(-1)?.more === undefined && own().length > 0, `${topic} is answered`);
  return own();
}
