import { expect, test } from 'vitest';
import { onTrial } from '../../src/engine/auto-rollback.ts';
import { reload } from '../../src/engine/commands.ts';
import { hold, release } from '../../src/engine/holds.ts';
import { load } from '../../src/engine/load.ts';
import { dryRun } from '../../src/engine/reconcile.ts';
import { rollbackTo } from '../../src/engine/rollback.ts';
import type { Result } from '../../src/model/plan.ts';
import type { Request } from '../../src/model/plan-input.ts';
import { createEngineBench, type EngineBench, module } from './bench.ts';
import { createRepository } from './interleaving-source.ts';

const run = ({ engine }: EngineBench, rollback?: { to: number }): Promise<Result> => {
  const request: Partial<Request> = { maxRemovals: '100%' };
  const options = { reason: null, request, ...(rollback === undefined ? {} : { rollback }) };
  return engine.runs.request({ key: JSON.stringify(rollback ?? 'run'), trigger: rollback === undefined ? 'reload' : 'rollback', options });
};
const apply = (bench: EngineBench, ...modules: ReturnType<typeof module>[]): Promise<Result> => {
  bench.files.modules = modules;
  return run(bench);
};
const state = ({ engine }: EngineBench) => engine.context.ports.store.state;

test('restores each generation that there was, from each other one, with its code', async () => {
  const sets = [
    [module('a')],
    [module('a', { args: ['x'] }), module('b')],
    [],
    [module('b', { args: ['y'] }), module('c')],
    [module('a', { args: ['x'] }), module('b', { requires: ['a'] })],
  ];
  const bench = await createEngineBench(sets[0] ?? []);
  bench.files.policy = { allowEmpty: true };
  const seen = [[bench.running(), [...bench.engine.context.ports.instances.snapshot().values()].map(({ codeDigest }) => codeDigest)]];
  for (const [index, set] of sets.slice(1).entries()) {
    bench.files.code = { a: `code ${index % 2}`, b: `code ${index}` };
    await apply(bench, ...set);
    seen.push([bench.running(), [...bench.engine.context.ports.instances.snapshot().values()].map(({ codeDigest }) => codeDigest)]);
  }
  bench.files.code = { a: 'broken', b: 'broken', c: 'broken' };
  for (const to of [1, 4, 2, 5, 3, 1, 5, 4, 3, 2]) {
    expect((await run(bench, { to })).exitCode).toBe(0);
    const now = [bench.running(), [...bench.engine.context.ports.instances.snapshot().values()].map(({ codeDigest }) => codeDigest)];
    expect(now.map((part) => [...(part as string[])].sort())).toEqual(seen[to - 1]?.map((part) => [...(part as string[])].sort()));
    expect(bench.engine.context.generation).toMatchObject({ rollbackOf: to });
  }
});

test('what is there already is not touched, and makes no generation, but waits', async () => {
  const bench = await createEngineBench([module('a')]);
  const { generation } = state(bench);
  bench.files.modules = [module('a', { args: ['pending'] })];
  expect(await run(bench, { to: generation })).toMatchObject({ outcome: 'noChanges', exitCode: 0 });
  expect(state(bench)).toMatchObject({ generation, paused: { rollbackOf: generation } });
  await bench.engine.trigger('watch');
  await bench.engine.trigger('source');
  expect(bench.running()).toEqual(['a']);
  await bench.engine.trigger('sighup');
  expect(bench.running()).toEqual(['a pending']);
  expect(state(bench).paused).toBeNull();
});

test('a run that somebody asks for is made though one that nobody asks for waits with it', async () => {
  const bench = await createEngineBench([module('a')]);
  await apply(bench, module('b'));
  await run(bench, { to: 1 });
  await Promise.all([bench.engine.trigger('watch'), bench.engine.trigger('sighup')]);
  expect(bench.running()).toEqual(['b']);
});

test('what is refused, or only looked at, leaves everything as it was', async () => {
  const many = Array.from({ length: 6 }, (_, n) => module(`m${n}`));
  const bench = await createEngineBench([module('a')]);
  await apply(bench, module('a'), ...many);
  const { generation, serial } = state(bench);
  const options = { reason: null, request: {}, rollback: { to: 1 } };
  expect(await dryRun(options, bench.engine.context)).toMatchObject({ kind: 'Plan', outcome: 'refused', rollbackOf: 1 });
  const refused = await bench.engine.runs.request({ key: 'refused', trigger: 'rollback', options });
  expect(refused).toMatchObject({ outcome: 'refused', exitCode: 8 });
  expect(state(bench)).toMatchObject({ generation, serial, paused: null });
});

test('a run that is refused leaves automatic ones waiting', async () => {
  const bench = await createEngineBench(Array.from({ length: 6 }, (_, n) => module(`m${n}`)));
  await apply(bench, module('m0', { args: ['x'] }));
  await run(bench, { to: 1 });
  await bench.engine.trigger('sighup');
  expect(bench.engine.context.lastReconcile?.outcome).toBe('refused');
  expect(state(bench).paused).not.toBeNull();
  await run(bench);
  expect(state(bench).paused).toBeNull();
});

test('by hand stays by hand, also where the old policy would prune it', async () => {
  const bench = await createEngineBench([module('a')]);
  bench.files.policy = { prune: 'all' };
  await apply(bench, module('a', { args: ['x'] }));
  await apply(bench, module('a'));
  await load({ target: 'h', args: [], cwd: '/' }, {}, bench.engine.context);
  await run(bench, { to: 2 });
  expect(bench.running()).toEqual(['a x', 'h']);
});

test('what was renamed gets its name back, and what runs is not touched', async () => {
  const bench = await createEngineBench([module('a'), module('b')]);
  const renamed = { ...module('a', { renamedFrom: 'a' }), name: 'a2' };
  await apply(bench, renamed, module('b', { renamedFrom: 'gone' }));
  await apply(bench, renamed, module('b', { args: ['x'] }));
  const result = await run(bench, { to: 1 });
  expect(result.changes.map(({ name, from, action }) => [name, from, action])).toEqual([
    ['a', 'a2', 'rename'],
    ['b', undefined, 'reload'],
  ]);
  expect(bench.driver.starts.filter(({ launch }) => launch.args.length === 0).map(({ name }) => name)).toEqual(['a', 'b', 'b']);
  expect((await run(bench, { to: 3 })).changes.map(({ name, from }) => [name, from])).toContainEqual(['a2', 'a']);
});

test('what was renamed while it was held gets its name back, with its hold', async () => {
  const bench = await createEngineBench([module('a')]);
  const { context } = bench.engine;
  await hold({ names: ['a'], reason: 'INC' }, context);
  await apply(bench, { ...module('a', { renamedFrom: 'a', args: ['x'] }), name: 'a2' });
  expect(bench.running()).toEqual(['a2']);
  expect((await run(bench, { to: 1 })).changes.map(({ name, from, action }) => [name, from, action])).toEqual([['a', 'a2', 'rename']]);
  expect(bench.running()).toEqual(['a']);
  expect([...context.ports.store.state.holds.keys()]).toEqual(['a']);
  expect(bench.driver.starts).toHaveLength(1);
});

test('what was declared since goes, also where nothing is to be pruned', async () => {
  const bench = await createEngineBench([module('a')]);
  bench.files.policy = { prune: 'none' };
  await apply(bench, module('a'), module('b'));
  await run(bench, { to: 1 });
  expect(bench.running()).toEqual(['a']);
});

test('what is held is brought to what was gone back to with its release', async () => {
  const bench = await createEngineBench([module('a')]);
  const { context } = bench.engine;
  await apply(bench, module('a', { args: ['x'] }));
  await hold({ names: ['a'], reason: 'INC' }, context);
  await run(bench, { to: 1 });
  expect(bench.running()).toEqual(['a x']);
  await release(['a'], {}, context);
  expect(bench.running()).toEqual(['a']);
});

test('the checkout of a source goes back before anything is started, and where it cannot that is said', async () => {
  const bench = await createEngineBench([module('a')]);
  const { context } = bench.engine;
  const { store, sources } = context.ports;
  const old = await store.loadGeneration('last');
  if (old === null) throw new Error('no generation');
  await store.saveGeneration({ ...old, number: 2, revision: 'c0ffee' });
  await apply(bench, module('a', { args: ['x'] }));
  const asked: string[] = [];
  Object.assign(sources, {
    restoreRevision: async (revision: string) => {
      asked.push(`${revision} while ${bench.running().join()} runs`);
      return asked.length > 1;
    },
  });
  expect(await run(bench, { to: 2 })).toMatchObject({ diagnostics: [{ severity: 'warning', code: 'revisionGone' }] });
  await run(bench, { to: 3 });
  expect((await run(bench, { to: 2 })).diagnostics).toEqual([]);
  expect(asked).toEqual(['c0ffee while a x runs', 'c0ffee while a x runs']);
});

test.each([
  ['that it was at before', 1],
  ['that it is at already', 2],
])('a commit that was being fetched when it was gone back to %s is not used', async (_, to) => {
  const bench = await createEngineBench([]);
  const { engine, clock } = bench;
  const repository = createRepository(bench);
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    await clock.advance(100);
    return work;
  };
  bench.files.policy = { allowEmpty: true, maxRemovals: '100%' };
  for (const arg of ['x', 'y']) {
    repository.push([module('a', { args: [arg] })]);
    await settled(engine.sourceDue());
  }
  repository.push([module('a', { args: ['fled from'] })]);
  const look = engine.sourceDue();
  await clock.advance(1);
  const { generation } = state(bench);
  await settled(run(bench, { to: generation - 2 + to }));
  await look;
  await settled(reload({ name: 'a' }, {}, engine.context));
  expect(bench.running()).toEqual([to === 1 ? 'a x' : 'a y']);
  expect(engine.context.generation?.revision).toBe(String(to - 1));
  await engine.sourceDue();
  expect(bench.running()).toEqual([to === 1 ? 'a x' : 'a y']);
});

test('the one before is that before the one in force; what is none is named with those that there are', async () => {
  const bench = await createEngineBench([module('a')]);
  const { context } = bench.engine;
  await expect(rollbackTo(undefined, context)).rejects.toMatchObject({ code: 'ENOENT' });
  await apply(bench, module('b'));
  await apply(bench, module('c'));
  expect(await rollbackTo(undefined, context)).toBe(2);
  await expect(rollbackTo(9, context)).rejects.toMatchObject({ code: 'ENOENT', message: 'there is no generation 9; kept: 1, 2, 3' });
});

test('on trial: a first generation has none before it, and a run without one is left as it is', async () => {
  const bench = await createEngineBench([], () => ({ failStart: 'no' }));
  const { context, runs } = bench.engine;
  const first = await apply(bench, module('a'));
  const gone = await onTrial(first, { timeout: 10, by: undefined }, context, runs);
  expect(gone).toMatchObject({
    exitCode: first.exitCode,
    diagnostics: [{ code: 'autoRollback', message: expect.stringContaining('no generation') }],
  });
  expect(gone).not.toHaveProperty('rollback');
});
