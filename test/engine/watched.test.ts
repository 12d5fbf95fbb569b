import { expect, test } from 'vitest';
import { hold } from '../../src/engine/holds.ts';
import { load } from '../../src/engine/load.ts';
import { driftPlan } from '../../src/engine/reconcile.ts';
import { createEngineBench, type EngineBench, module } from './bench.ts';

const starts = ({ driver }: EngineBench, name: string): number => driver.starts.filter((start) => start.name === name).length;
const events = ({ engine }: EngineBench, type: string): string[] =>
  engine.context.events
    .recent()
    .filter((event) => event.type === type)
    .map(({ message }) => message);
const watch = { watch: true };

test('a module that asks for it is loaded again when its code changes, and nothing else is touched', async () => {
  const bench = await createEngineBench([module('a', watch), module('b')]);
  expect(bench.watched()).toEqual(['a']);
  bench.files.code = { a: 'new', b: 'new' };
  bench.files.modules.push(module('c'));
  await bench.engine.filesChanged();
  expect([starts(bench, 'a'), starts(bench, 'b'), starts(bench, 'c')]).toEqual([2, 1, 0]);
  expect(bench.engine.context.lastReconcile).toMatchObject({ trigger: 'watch', changes: [{ name: 'a', action: 'reload', status: 'ok' }] });
});

test.each(['off', 'apply'] as const)('also where the policy is to watch: %s', async (policy) => {
  const bench = await createEngineBench([module('a', watch)]);
  bench.files.policy = { watch: policy };
  await bench.engine.trigger('sighup');
  bench.files.code = { a: 'new' };
  await bench.engine.filesChanged();
  await bench.engine.filesChanged();
  expect(starts(bench, 'a')).toBe(2);
});

test('an edit is pending until a run applies it, and not while one does', async () => {
  const bench = await createEngineBench([module('a')]);
  bench.files.modules.push(module('b'));
  await Promise.all([bench.engine.trigger('sighup'), bench.engine.filesChanged()]);
  expect(starts(bench, 'b')).toBe(1);
  expect(events(bench, 'config')).toEqual([]);
  bench.files.modules.push(module('c'));
  await bench.engine.filesChanged();
  expect(events(bench, 'config')).toEqual(['changes are pending; muster reload applies them']);
});

test('code of a repository is loaded by its commits alone: one that does not hold is not loaded in parts', async () => {
  const bench = await createEngineBench([module('a', watch)]);
  const { sources } = bench.engine.context.ports;
  sources.isOfSource = (path) => path === bench.engine.context.ports.instances.get('a')?.path;
  bench.files.code = { a: 'new' };
  await bench.engine.filesChanged();
  expect(starts(bench, 'a')).toBe(1);
  sources.isOfSource = () => false;
  await bench.engine.filesChanged();
  expect(starts(bench, 'a')).toBe(2);
});

test('what it loads is in force from then on: neither drift nor undone', async () => {
  const bench = await createEngineBench([module('a', watch), module('b')]);
  const { context } = bench.engine;
  const { generation } = context.ports.store.state;
  bench.files.code = { a: 'new' };
  await bench.engine.filesChanged();
  expect(context.ports.store.state.generation).toBe(generation + 1);
  expect(context.ports.instances.get('a')).toMatchObject({ codeDigest: 'new', generation: generation + 1 });
  expect(driftPlan(context).changes).toEqual([]);
});

test('drift of others stays drift', async () => {
  const bench = await createEngineBench([module('a', watch), module('b')]);
  const { instances } = bench.engine.context.ports;
  await instances.remove('b');
  bench.files.code = { a: 'new' };
  await bench.engine.filesChanged();
  expect(driftPlan(bench.engine.context).changes).toMatchObject([{ name: 'b', action: 'load' }]);
});

test('a module loaded by hand is watched too', async () => {
  const bench = await createEngineBench([module('a')]);
  const { context } = bench.engine;
  await load({ target: 'h', args: [], cwd: '/' }, {}, context);
  const record = context.ports.instances.get('h');
  expect(bench.watched()).toEqual([]);
  // As its config says, had it any.
  context.ports.instances.adopt('h', {
    desired: { ...module('h', watch) },
    origin: 'manual',
    generation: 0,
    material: await context.ports.materials.material(module('h')),
  });
  expect(record?.origin).toBe('manual');
  bench.files.code = { h: 'new' };
  await bench.engine.filesChanged();
  expect(starts(bench, 'h')).toBe(2);
  expect(context.ports.instances.get('h')?.origin).toBe('manual');
});

test('code that fails is tried once, the old one runs on, and mended code is taken', async () => {
  const bench = await createEngineBench([module('a', watch)], (_, nth) => (nth === 1 ? { failStart: 'bad code' } : {}));
  bench.files.code = { a: 'bad' };
  await bench.engine.filesChanged();
  expect(bench.engine.context.lastReconcile?.changes).toMatchObject([{ name: 'a', status: 'reverted', error: 'bad code' }]);
  await bench.engine.filesChanged();
  expect(starts(bench, 'a')).toBe(3);
  bench.files.code = { a: 'mended' };
  await bench.engine.filesChanged();
  expect(starts(bench, 'a')).toBe(4);
  expect(bench.engine.context.ports.instances.get('a')?.codeDigest).toBe('mended');
});

test('code that does not compile is said once, and stops nothing', async () => {
  const bench = await createEngineBench([module('a', watch), module('b', watch)]);
  bench.files.code = { a: 'broken', b: 'new' };
  await bench.engine.filesChanged();
  await bench.engine.filesChanged();
  expect(events(bench, 'watch')).toEqual(['a stays as it is: a does not compile']);
  expect([starts(bench, 'a'), starts(bench, 'b')]).toEqual([1, 2]);
});

test('what is held or protected stays as it is', async () => {
  const bench = await createEngineBench([module('a', watch), module('b', { watch: true, protect: true }), module('c', watch)]);
  await hold({ names: ['a'], reason: 'freeze' }, bench.engine.context);
  bench.files.code = { a: 'new', b: 'new', c: 'new' };
  await bench.engine.filesChanged();
  expect([starts(bench, 'a'), starts(bench, 'b'), starts(bench, 'c')]).toEqual([1, 1, 2]);
});

test('who reloads with it does so after it', async () => {
  const bench = await createEngineBench([
    module('a', watch),
    module('b', { requires: [{ name: 'a', reload: true }] }),
    module('c', { requires: ['a'] }),
  ]);
  bench.files.code = { a: 'new' };
  await bench.engine.filesChanged();
  expect(bench.driver.starts.slice(3).map(({ name }) => name)).toEqual(['a', 'b']);
});
