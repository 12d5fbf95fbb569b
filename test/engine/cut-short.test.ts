import { expect, test } from 'vitest';
import { standIn } from '../../src/engine/generations.ts';
import { MusterError } from '../../src/model/error.ts';
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
  const next = await createEngineBench(set('newest'), undefined, bench.disk.kill());
  expect(next.booted.diagnostics).toEqual([]);
});
