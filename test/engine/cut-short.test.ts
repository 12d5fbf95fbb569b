import { describe, expect, test } from 'vitest';
import { auditUnwritten } from '../../src/engine/audit.ts';
import { onTrial } from '../../src/engine/auto-rollback.ts';
import { standIn } from '../../src/engine/generations.ts';
import { history, historyOf } from '../../src/engine/history.ts';
import { remove } from '../../src/engine/remove.ts';
import type { Launch } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { Behaviour } from '../support/fake-driver.ts';
import { createMemoryDisk } from '../support/memory-disk.ts';
import { createEngineBench, type EngineBench, module } from './bench.ts';

const state = ({ engine }: EngineBench) => engine.context.ports.store.state;
const set = (arg: string) => ['a', 'b', 'c'].map((name) => module(name, { args: [arg], ...(name === 'a' ? {} : { requires: ['a'] }) }));
const all = (arg: string) => ['a', 'b', 'c'].map((name) => `${name} ${arg}`);
const options = { reason: 'INC-7', by: 'alice', request: {}, rollback: { to: 1 } };

/** A daemon on its way from `new` back to `old` that dies while it starts b. */
async function diedGoingBack() {
  const bench = await createEngineBench(set('old'), ({ name, args }, nth) =>
    nth > 1 && name === 'b' && args[0] === 'old' ? { readyAfter: 'never' } : {},
  );
  bench.files.modules = set('new');
  await bench.engine.runs.request({ key: 'reload', trigger: 'reload', options: { reason: null, request: {} } });
  expect(bench.running()).toEqual(all('new'));
  void bench.engine.runs.request({ key: 'rollback', trigger: 'rollback', options });
  await bench.clock.flush();
  expect(bench.running()).toContain('a old');
  return bench;
}

test('a daemon that starts goes on with a rollback in the middle of which the last one died, and not to the files', async () => {
  const died = await diedGoingBack();
  const bench = await createEngineBench(set('new'), undefined, died.disk.kill());
  expect(bench.running()).toEqual(all('old'));
  const { paused, heads, generation } = state(bench);
  expect(paused).toEqual({ since: expect.any(String), rollbackOf: 1, reason: 'INC-7', by: 'alice' });
  expect(heads.get(generation)).toMatchObject({ number: 3, rollbackOf: 1, reason: 'INC-7', by: 'alice' });
  expect(bench.booted.diagnostics.map(({ code }) => code)).toEqual(['rollbackCutShort', 'paused']);
  const lines = bench.audited.map(({ trigger, by, reason, recovered = false }) => [trigger, by, reason, recovered]);
  expect(lines).toEqual([
    ['rollback', 'alice', 'INC-7', true],
    ['start', 'alice', 'INC-7', false],
  ]);
  const next = await createEngineBench(set('new'), undefined, bench.disk.kill());
  expect(next.running()).toEqual(all('old'));
  expect(next.booted.diagnostics.map(({ code }) => code)).toEqual(['paused']);
});

test('where it cannot be gone on with what is in force is started, nothing is applied by itself, and that is said', async () => {
  const died = await diedGoingBack();
  const left = died.disk.kill();
  await left.replace('generations/1.json', 'damaged');
  const bench = await createEngineBench(set('newer'), undefined, left);
  expect(bench.running().filter((text) => text.endsWith('newer'))).toEqual([]);
  expect(bench.running()).toEqual(all('new'));
  expect(state(bench).paused).toMatchObject({ rollbackOf: 1, underWay: { override: false } });
  expect(bench.booted.diagnostics[0]).toMatchObject({ code: 'rollbackCutShort', message: expect.stringContaining('damaged') });
  await bench.engine.trigger('sighup');
  expect(bench.running()).toEqual(all('newer'));
  expect(state(bench).paused).toBeNull();
});

test('a rollback that comes to nothing before it has changed anything leaves automatic runs as they were', async () => {
  const bench = await createEngineBench(set('old'));
  const { store, sources } = bench.engine.context.ports;
  const old = await store.loadGeneration('last');
  if (old === null) throw new Error('no generation');
  await store.saveGeneration({ ...old, number: 2, revision: 'c0ffee' });
  bench.files.modules = set('new');
  await bench.engine.runs.request({ key: 'reload', trigger: 'reload', options: { reason: null, request: {} } });
  Object.assign(sources, { restoreRevision: () => Promise.reject(new MusterError('EIO', 'no')) });
  const back = bench.engine.runs.request({ key: 'rollback', trigger: 'rollback', options: { ...options, rollback: { to: 2 } } });
  await expect(back).rejects.toMatchObject({ code: 'EIO' });
  expect(state(bench).paused).toBeNull();
});

test('of many changes that were done the line of the audit log names the first and counts the others', async () => {
  const many = (arg: string) =>
    Array.from({ length: 8 }, (_, n) => module(`m${n}`, { args: [arg], ...(n < 7 ? {} : { requires: ['m0'] }) }));
  const died = await createEngineBench(many('old'), ({ name, args }) =>
    name === 'm7' && args[0] === 'new' ? { readyAfter: 'never' } : {},
  );
  died.files.modules = many('new');
  void died.engine.runs.request({ key: 'reload', trigger: 'reload', options: { reason: null, request: {} } });
  await died.clock.flush();
  const { audited } = await createEngineBench(many('new'), undefined, died.disk.kill());
  expect(audited[0]).toMatchObject({ trigger: 'reload', recovered: true, moreChanges: 2 });
  expect(audited[0]?.changes.map(({ name, action }) => `${action} ${name}`)).toEqual(
    ['m0', 'm1', 'm2', 'm3', 'm4'].map((name) => `reload ${name}`),
  );
});

test('a line that the journal makes up for says what became of it, and where that is not known, that it is not', async () => {
  const { engine, audited } = await createEngineBench(set('old'));
  const { context } = engine;
  const { audit, store } = context.ports;
  await remove({ names: ['c'] }, { by: 'alice' }, context);
  const moved = { serial: 3, at: '2030-01-01T00:00:00.000Z', trigger: 'reload', reason: null, changes: ['load d'] };
  await store.append({ type: 'serial', serial: 3, moved });
  audited.splice(0);
  Object.assign(audit ?? {}, { lastSerial: 1 });
  await auditUnwritten(context);
  expect(audited).toMatchObject([
    { trigger: 'remove', by: 'alice', outcome: 'applied', exitCode: 0, recovered: true, changes: [{ name: 'c', action: 'remove' }] },
    { trigger: 'reload', by: null, outcome: 'unknown', exitCode: null, recovered: true },
  ]);
});

test('where the generation in force is damaged that is said with the one that is started in its place', async () => {
  const before = await createEngineBench(set('old'));
  before.files.modules = set('new');
  await before.engine.runs.request({ key: 'reload', trigger: 'reload', options: { reason: null, request: {} } });
  const left = before.disk.kill();
  await left.replace('generations/2.json', 'damaged');
  const bench = await createEngineBench('broken', undefined, left);
  expect(bench.running()).toEqual(all('old'));
  const said = { code: 'generationDamaged', message: 'the file of generation 2 is damaged; generation 1 is in force in its place' };
  expect(bench.booted.diagnostics).toMatchObject([said]);
  expect(standIn(bench.engine.context)).toMatchObject([said]);
  expect(await history(bench.engine.context)).toMatchObject({ generation: 1 });
  expect(await historyOf(1, bench.engine.context)).toMatchObject({ inForce: true });
  const next = await createEngineBench(set('newest'), undefined, bench.disk.kill());
  expect(next.booted.diagnostics).toEqual([]);
});

describe('a run that is gone back from unless it gets healthy', () => {
  const window = 10_000;
  /** Of `new` it dies soon after each start; of `slow` it is not ready in a hurry. */
  const sick = ({ name, args }: Launch): Behaviour =>
    name !== 'b' ? {} : args[0] === 'new' ? { exitAfter: 20, exit: { code: 1 } } : args[0] === 'slow' ? { readyAfter: 'never' } : {};
  const asked = { reason: 'INC-8', by: 'alice', request: {}, trial: window };

  /** A daemon that dies `after` ms in which it watches what its run has made of the config. */
  async function diedWatching(arg: string, after: number) {
    const bench = await createEngineBench(set('old'), sick);
    bench.files.modules = set(arg);
    const { context, runs } = bench.engine;
    void runs
      .request({ key: 'reload', trigger: 'reload', options: asked })
      .then((result) => onTrial(result, { timeout: window, by: 'alice' }, context, runs));
    await bench.clock.advance(after);
    expect(state(bench).trials.size).toBe(1);
    return bench;
  }

  test('is gone back from by the next daemon too, once its time is over', async () => {
    const died = await diedWatching('new', 500);
    const clock = createFakeClock(died.clock.now() + 1000);
    const bench = await createEngineBench(set('new'), sick, died.disk.kill(), clock);
    await clock.advance(window - 1600);
    expect(state(bench)).toMatchObject({ generation: 2, paused: null });
    await clock.advance(200);
    expect(bench.running()).toEqual(all('old'));
    const reason = 'generation 2 was not healthy in time';
    expect(state(bench).heads.get(3)).toMatchObject({ trigger: 'autoRollback', rollbackOf: 1, by: 'alice', reason });
    expect(bench.audited.at(-1)).toMatchObject({ trigger: 'autoRollback', by: 'alice', reason, outcome: 'applied' });
    expect(state(bench)).toMatchObject({ paused: { rollbackOf: 1 }, trials: new Map() });
  });

  test.each([
    ['put back by a day', -86_400_000, window],
    ['put forward by a day', 86_400_000, window / 2],
  ])('where the clock was %s meanwhile it has neither longer nor no time at all', async (_, jump, time) => {
    const died = await diedWatching('new', 500);
    const clock = createFakeClock(died.clock.now() + jump);
    const bench = await createEngineBench(set('new'), sick, died.disk.kill(), clock);
    clock.jump(jump);
    await clock.advance(time - 2100);
    expect(state(bench).paused).toBeNull();
    await clock.advance(2200);
    expect(bench.running()).toEqual(all('old'));
  });

  test('stays where it got healthy, and nobody watches it any more', async () => {
    const died = await diedWatching('new', 500);
    const bench = await createEngineBench(set('new'), undefined, died.disk.kill());
    await bench.clock.advance(2 * window);
    expect(bench.running()).toEqual(all('new'));
    expect(state(bench)).toMatchObject({ generation: 2, paused: null, trials: new Map() });
  });

  /** A run that got healthy, which its caller has heard. */
  async function healthy(disk = createMemoryDisk(), fails = (): void => {}) {
    const bench = await createEngineBench(set('old'), undefined, disk);
    bench.files.modules = set('new');
    const { context, runs } = bench.engine;
    const result = await runs.request({ key: 'reload', trigger: 'reload', options: asked });
    fails();
    const seen = onTrial(result, { timeout: window, by: 'alice' }, context, runs);
    await bench.clock.advance(2000);
    expect((await seen).exitCode).toBe(0);
    return bench;
  }

  test('stays after a power cut where somebody has heard that it got healthy, whatever becomes of it', async () => {
    const before = await healthy();
    const bench = await createEngineBench(set('new'), sick, before.disk.crash({ next: () => 0 }));
    await bench.clock.advance(2 * window);
    expect(state(bench)).toMatchObject({ generation: 2, paused: null, trials: new Map() });
  });

  test('stays where the disk had no room for that it got healthy and has some again', async () => {
    let full = false;
    const error = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const disk = createMemoryDisk({ fault: (step) => (full && step.startsWith('append') ? { error } : undefined) });
    const before = await healthy(disk, () => {
      full = true;
    });
    expect(state(before).trials.size).toBe(1);
    full = false;
    await before.clock.advance(1100);
    const bench = await createEngineBench(set('new'), sick, before.disk.kill());
    await bench.clock.advance(2 * window);
    expect(state(bench)).toMatchObject({ generation: 2, paused: null, trials: new Map() });
  });

  test('is left alone where the config was changed since', async () => {
    const died = await diedWatching('new', 500);
    const bench = await createEngineBench(
      set('newer'),
      ({ name }) => (name === 'b' ? { exitAfter: 20, exit: { code: 1 } } : {}),
      died.disk.kill(),
    );
    await bench.clock.advance(2 * window);
    expect(bench.running()).toEqual(['a newer', 'c newer']);
    expect(state(bench)).toMatchObject({ generation: 3, paused: null, trials: new Map() });
    const said = bench.engine.context.events.recent().map(({ message }) => message);
    expect(said).toContainEqual(expect.stringMatching(/^INC-8 was still being watched .* not gone back from$/));
  });

  test('is gone on with for who asked, and watched, where the daemon died in the middle of it', async () => {
    const died = await diedWatching('slow', 500);
    const later = ({ name }: Launch): Behaviour => (name === 'b' ? { exitAfter: 20, exit: { code: 1 } } : {});
    const bench = await createEngineBench(set('slow'), later, died.disk.kill());
    expect(state(bench).heads.get(2)).toMatchObject({ trigger: 'start', by: 'alice', reason: 'INC-8' });
    expect(bench.audited.map(({ trigger, by, reason, outcome, exitCode }) => [trigger, by, reason, outcome, exitCode])).toEqual([
      ['reload', 'alice', 'INC-8', 'failed', 6],
      ['start', 'alice', 'INC-8', 'applied', 0],
    ]);
    await bench.clock.advance(2 * window);
    expect(state(bench)).toMatchObject({ generation: 3, paused: { rollbackOf: 1, by: 'alice' }, trials: new Map() });
  });
});
