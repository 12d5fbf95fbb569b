import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModuleStats } from '../../src/model/documents.ts';
import { createPlace, isAlive, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const various = fixture('answers-variously.mjs');

test('24. a module answers the same as a thread, in a shared thread and as a process', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  as-thread: {module: ${various}, isolation: thread}
  as-shared: {module: ${various}, isolation: shared}
  as-process: {module: ${various}, isolation: process}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const [asProcess, asShared, asThread] = await place.list();
  expect([asThread?.isolation, asShared?.isolation, asProcess?.isolation]).toEqual(['thread', 'shared', 'process']);
  const answers = async (name: string) => [
    await daemon.ask(`${name}.returns`, { who: 'Ada' }),
    await daemon.refusal(`${name}.throws`),
    await daemon.parts(`${name}.iterates`, 5),
    (await daemon.refusal(`${name}.nosuch`)).code,
    await daemon.ask(`${name}.rusage`),
  ];
  const ofThread = await answers('as-thread');
  expect(ofThread).toEqual([
    { text: 'hello Ada' },
    { code: 'ENOENT', message: 'no such room' },
    [1, 2, 3, 4, 5].map((part) => ({ part })),
    'ENOSYS',
    'of its own',
  ]);
  expect(await answers('as-shared')).toEqual(ofThread);
  expect(await answers('as-process')).toEqual(ofThread);

  const pid = async (name: string) => (await daemon.ask<{ pid: number }>(`${name}.place`)).pid;
  const [ofProcess, ofRunner, ofDaemon] = [await pid('as-process'), await pid('as-thread'), await place.pid()];
  expect(new Set([ofProcess, ofRunner, ofDaemon]).size).toBe(3);
  expect([asProcess?.pid, asThread?.pid, asShared?.pid]).toEqual([ofProcess, ofRunner, ofRunner]);
});

test('25. shared modules of one threadGroup have one thread, those of another have another', async () => {
  const shared = (name: string, group: string) => `  ${name}: {module: ${fixture('tiny.mjs')}, isolation: shared, threadGroup: ${group}}\n`;
  await using place = await createPlace(`version: 1\nmodules:\n${shared('one', 'edge')}${shared('two', 'edge')}${shared('three', 'core')}`);
  await place.up();
  const threadOf = async (name: string) => (await place.module(name)).threadId;
  const [one, two, three] = [await threadOf('one'), await threadOf('two'), await threadOf('three')];
  expect([typeof one, typeof three]).toEqual(['number', 'number']);
  expect(two).toBe(one);
  expect(three).not.toBe(one);
  // A change of the group moves the module.
  await place.write('muster.yaml', `version: 1\nmodules:\n${shared('one', 'edge')}${shared('two', 'core')}${shared('three', 'core')}`);
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'two', action: 'reload', status: 'ok' }]);
  expect([await threadOf('one'), await threadOf('two'), await threadOf('three')]).toEqual([one, three, three]);
});

test('26. and 27. a module in an endless loop is looked at, keeps nobody waiting, and is removed', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  tiny: ${fixture('tiny.mjs')}
  loops: {module: ${various}, stopTimeout: 1s}
  loops-too: {module: ${various}}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const lost = ['loops', 'loops-too'].map((name) => daemon.refusal(`${name}.loops`));
  const counted = async (name: string) => ((await daemon.muster('stats', { name })) as ModuleStats).rx?.request;
  await until(async () => (await counted('loops')) === 1 && (await counted('loops-too')) === 1, 'both loops have begun');
  for (let times = 0; times < 3; times++) daemon.ask('loops.returns', { who: 'nobody' }).catch(() => {});
  await until(async () => (await place.module('loops')).queued === 3, 'what waits there is counted');

  const looks = () => Promise.all([place.muster('list'), place.muster('stats', 'loops'), daemon.ask('tiny.echo', 1)]);
  const [list, stats, answer] = await within(2000, looks);
  expect([list.code, stats.code, answer]).toEqual([0, 0, 1]);
  expect(JSON.parse(stats.stdout)).toMatchObject({ tx: { request: 0 }, rx: { request: expect.any(Number) } });

  expect(await within(4000, () => place.muster('remove', 'loops'))).toMatchObject({ code: 0 });
  expect(await within(2000, () => place.muster('remove', '--cancel', 'loops-too'))).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['tiny']);
  expect((await Promise.all(lost)).map(({ code }) => code)).toEqual(['EHOSTUNREACH', 'EHOSTUNREACH']);
  expect(await daemon.ask('tiny.echo', 2)).toBe(2);
});

test('30. who waits for an answer of a process that is killed hears EHOSTUNREACH at once', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  victim: {module: ${various}, isolation: process, restart: {policy: never}}
  tiny: ${fixture('tiny.mjs')}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const { pid } = await place.module('victim');
  const { pid: runner } = await place.module('tiny');
  const waits = daemon.refusal('victim.never');
  await daemon.ask('victim.returns', { who: 'one before the end' });
  process.kill(pid ?? 0, 'SIGKILL');
  expect(await within(1000, () => waits)).toMatchObject({ code: 'EHOSTUNREACH' });
  await until(async () => (await place.module('victim')).state === 'E', 'its end is known');
  expect(await place.module('victim')).toMatchObject({ failed: true, lastExit: { signal: 'SIGKILL' } });
  expect([isAlive(pid ?? 0), isAlive(runner ?? 0), await daemon.ask('tiny.echo', 1)]).toEqual([false, true, 1]);
});
