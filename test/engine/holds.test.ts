import { expect, test } from 'vitest';
import { heldNames, hold, release, stop } from '../../src/engine/holds.ts';
import { load } from '../../src/engine/load.ts';
import { runReconcile } from '../../src/engine/reconcile.ts';
import { createEngineBench, module } from './bench.ts';

/** Three that are declared, of which `a` is kept and then dropped from the config. */
async function dropped(keep: 'hold' | 'stop', parts: Parameters<typeof module>[1] = {}) {
  const bench = await createEngineBench([module('a', parts), module('b'), module('c')]);
  const { context } = bench.engine;
  if (keep === 'hold') await hold({ names: ['a'], reason: 'INC' }, context);
  else await stop({ names: ['a'] }, context);
  bench.files.modules = [module('b'), module('c')];
  await runReconcile({ reason: null, request: {} }, 'reload', context);
  expect(context.ports.instances.get('a')).toBeDefined();
  return { bench, context, loaded: () => [...context.ports.instances.snapshot().keys()] };
}

test('what the config has dropped goes with the end of its hold', async () => {
  const { context, loaded } = await dropped('hold');
  const result = await release(['a'], {}, context);
  expect(result.changes.map(({ name, action }) => [name, action])).toEqual([['a', 'remove']]);
  expect(loaded()).toEqual(['b', 'c']);
});

test('what was stopped and is dropped is not started, but goes', async () => {
  const { bench, context, loaded } = await dropped('stop');
  const starts = bench.driver.starts.length;
  await release(['a'], {}, context);
  expect([loaded(), bench.driver.starts.length]).toEqual([['b', 'c'], starts]);
});

test('what is not to be pruned stays', async () => {
  const { context, loaded } = await dropped('hold', { prune: false });
  await release(['a'], {}, context);
  expect(loaded()).toEqual(['a', 'b', 'c']);
});

test('when all is released, just what was dropped goes', async () => {
  const bench = await createEngineBench([module('a'), module('b')]);
  const { context } = bench.engine;
  await load({ target: './c.mjs', name: 'c', args: [], cwd: '/' }, {}, context);
  await hold({ all: true, reason: 'INC' }, context);
  bench.files.modules = [module('b')];
  await runReconcile({ reason: null, request: {} }, 'reload', context);
  await release(heldNames({ all: true }, context), {}, context);
  expect([...context.ports.instances.snapshot().keys()].sort()).toEqual(['b', 'c']);
});
