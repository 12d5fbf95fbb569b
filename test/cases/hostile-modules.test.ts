import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const hostile = fixture('hostile.mjs');
const tiny = fixture('tiny.mjs');
const once = 'restart: {policy: never}';
const again = 'restart: {policy: always, backoff: {initial: 50ms}}';

/** Modules in the runner of a hostile one, in another one, and a command. */
const around = `
  beside: {module: ${tiny}, ${again}}
  elsewhere: {module: ${tiny}, runner: other}
  command: {command: [sleep, "1000"]}
`;

interface Around {
  readonly daemon: number;
  readonly runner: number;
  readonly elsewhere: number;
  readonly command: number;
}

async function pids(place: Place): Promise<Around> {
  const of = async (name: string) => (await place.module(name)).pid ?? 0;
  return { daemon: await place.pid(), runner: await of('beside'), elsewhere: await of('elsewhere'), command: await of('command') };
}

/** All but the runner that was harmed. */
async function expectUnharmed(place: Place, daemon: Talk, before: Around): Promise<void> {
  const { runner: _, ...rest } = before;
  expect(await pids(place)).toMatchObject(rest);
  expect(await daemon.ask('elsewhere.echo', 1)).toBe(1);
  await until(async () => (await place.module('beside')).state === 'R', 'what lives beside it runs (again)');
  expect(await daemon.ask('beside.echo', 2)).toBe(2);
}

async function ended(place: Place, name: string): Promise<string> {
  await until(async () => (await place.module(name)).state === 'E', `${name} has ended`);
  const { lastExit } = await place.module(name);
  return lastExit?.reason ?? '';
}

for (const harm of ['Segfaults', 'Aborts', 'GrowsAtOnce'] as const) {
  test(`a module that ${harm} takes its runner at worst, which is started again with the others`, async () => {
    const alone = `  alone: {module: ${hostile}, isolation: process, maxHeap: 48M, ${once}}\n`;
    await using place = await createPlace(`version: 1\nmodules:${around}  bad: {module: ${hostile}, ${once}}\n${alone}`);
    await place.up();
    using daemon = await talk(place);
    const before = await pids(place);
    await daemon.ask(`alone.${harm}`);
    expect(await ended(place, 'alone')).not.toBe('');
    expect(await pids(place)).toEqual(before);
    // It may be gone before its answer has left it.
    await daemon.ask(`bad.${harm}`).catch((error: unknown) => expect(error).toMatchObject({ code: 'EHOSTUNREACH' }));
    await until(async () => (await place.module('bad')).lastExit !== null, 'bad has ended');
    await expectUnharmed(place, daemon, before);
  });
}

test('a module that grows beyond maxHeap ends alone, as a thread and as a process', async () => {
  const bad = ['thread', 'process'].map(
    (isolation) => `  bad-${isolation}: {module: ${hostile}, isolation: ${isolation}, maxHeap: 32M, ${once}}\n`,
  );
  await using place = await createPlace(`version: 1\nmodules:${around}${bad.join('')}`);
  await place.up();
  using daemon = await talk(place);
  const before = await pids(place);
  for (const isolation of ['thread', 'process']) {
    await daemon.ask(`bad-${isolation}.Grows`);
    expect(await ended(place, `bad-${isolation}`)).toMatch(/memory|heap/i);
    await expectUnharmed(place, daemon, before);
    expect((await pids(place)).runner).toBe(before.runner);
  }
});

for (const harm of ['Reads', 'Waits'] as const) {
  test(`a module that ${harm} for ever keeps neither remove nor down waiting, and who goes with it is told`, async () => {
    const bad = ['one', 'two', 'three'].map((name) => `  ${name}: {module: ${hostile}, stopTimeout: 500ms, ${again}}\n`);
    await using place = await createPlace(`version: 1\nmodules:${around}${bad.join('')}`);
    await place.up();
    using daemon = await talk(place);
    const before = await pids(place);
    for (const [name, options] of [
      ['one', []],
      ['two', ['--cancel']],
    ] as const) {
      await daemon.ask(`${name}.${harm}`, join(place.dir, `fifo-${name}`));
      await until(
        () =>
          daemon.ask(`${name}.ping`, null, { signal: AbortSignal.timeout(200) }).then(
            () => false,
            () => true,
          ),
        'it hangs',
      );
      expect(await within(6000, () => place.muster('remove', ...options, name))).toMatchObject({ code: 0 });
      await expectUnharmed(place, daemon, before);
      const { runner } = await pids(place);
      if (runner !== before.runner) {
        const { stdout } = await place.muster('events', '--json');
        expect(stdout).toContain(`\\"${name}\\" could not be ended otherwise`);
      }
      for (const { name: other } of await place.list())
        await until(async () => (await place.module(other)).state === 'R', `${other} runs (again)`);
    }
    await daemon.ask(`three.${harm}`, join(place.dir, 'fifo-three'));
    const processes = [...(await place.processes()), before.daemon];
    expect(await within(8000, () => place.muster('down'))).toMatchObject({ code: 0 });
    expect(processes.filter(isAlive)).toEqual([]);
  });
}

test('floods of output, of requests and of events leave others their turn', async () => {
  await using place = await createPlace(
    `version: 1\nmodules:${around}  bad: {module: ${hostile}}\n  hears: {module: ${fixture('hears.mjs')}, args: ["flood.*"]}\n`,
  );
  await place.up();
  using daemon = await talk(place);
  const before = await pids(place);
  const floods = [
    ['bad.prints', 100_000],
    ['bad.asks', { topic: 'beside.echo', count: 15_000 }],
    ['bad.asks', { topic: 'elsewhere.echo', count: 15_000 }],
    ['bad.publishes', 200_000],
  ] as const;
  for (const [topic, payload] of floods) {
    const done = daemon.ask(topic, payload);
    for (let times = 0; times < 3; times++) {
      const answers = () => Promise.all(['elsewhere.echo', 'beside.echo'].map((to) => daemon.ask(to, times)));
      expect(await within(2000, answers, `an answer while ${topic}`)).toEqual([times, times]);
    }
    expect(await done).toBe(typeof payload === 'number' ? payload : payload.count);
  }
  expect(await pids(place)).toEqual(before);
});

for (const isolation of ['thread', 'shared'] as const) {
  test(`what a module in a ${isolation} realm posts to nobody, or overwrites, harms at most its own thread`, async () => {
    const bad = ['posts', 'overwrites', 'breaks', 'closes'].map(
      (name) =>
        `  ${name}: {module: ${hostile}, isolation: ${isolation}${isolation === 'shared' ? `, threadGroup: ${name}` : ''}, stopTimeout: 500ms, ${once}}\n`,
    );
    await using place = await createPlace(`version: 1\nmodules:${around}${bad.join('')}`);
    await place.up();
    using daemon = await talk(place);
    const before = await pids(place);
    expect(await daemon.ask('posts.posts')).toBeGreaterThan(10);
    expect(await daemon.ask('posts.thread')).toBeTypeOf('number');
    // What is broken so may answer or not; it can be removed, and nobody else notices.
    for (const topic of ['overwrites.overwrites', 'breaks.breaks']) {
      await daemon.ask(topic, null, { signal: AbortSignal.timeout(1000) }).catch(() => {});
    }
    await daemon.ask('closes.Closes');
    await expectUnharmed(place, daemon, before);
    expect(await pids(place)).toEqual(before);
    for (const name of ['posts', 'overwrites', 'breaks', 'closes']) {
      expect(await place.muster('remove', name), name).toMatchObject({ code: 0 });
    }
    expect(await pids(place)).toEqual(before);
  });
}

for (const harm of ['Scribbles', 'Announces', 'Severs'] as const) {
  test(`a module that ${harm} on the channel of its process ends that process, and nobody else`, async () => {
    await using place = await createPlace(`version: 1\nmodules:${around}  bad: {module: ${hostile}, isolation: process, ${once}}\n`);
    await place.up();
    using daemon = await talk(place);
    const before = await pids(place);
    const { pid } = await place.module('bad');
    // It may be gone before its answer has left it.
    await daemon.ask(`bad.${harm}`).catch((error: unknown) => expect(error).toMatchObject({ code: 'EHOSTUNREACH' }));
    expect(await ended(place, 'bad')).not.toBe('');
    await until(() => !isAlive(pid ?? 0), 'its process is gone');
    expect(await pids(place)).toEqual(before);
    await expectUnharmed(place, daemon, before);
  });
}
