import { expect, test } from 'vitest';
import { hold } from '../../src/engine/holds.ts';
import { remove } from '../../src/engine/remove.ts';
import { createEngineBench, module } from './bench.ts';

const hour = 3_600_000;

/** Two declared modules of which one is held for a while; both have changed in the config meanwhile. */
async function held(forMs: number) {
  const bench = await createEngineBench([module('gc'), module('web')]);
  await hold({ names: ['gc'], reason: 'INC-77', for: forMs }, bench.engine.context);
  bench.files.modules = [module('gc', { args: ['new'] }), module('web', { args: ['new'] })];
  await bench.engine.trigger('reload');
  bench.files.modules = [module('gc', { args: ['pending'] }), module('web', { args: ['pending'] })];
  return bench;
}

test('a hold that is over brings its module alone to the generation in force, which had it as it was to be', async () => {
  const bench = await held(60_000);
  expect(bench.running()).toEqual(['gc', 'web new']);
  await bench.clock.advance(62_000);
  expect(bench.running()).toEqual(['gc new', 'web new']);
  expect([...bench.engine.context.ports.store.state.holds]).toEqual([]);
});

test('a clock that is put back makes no hold longer', async () => {
  const bench = await held(60_000);
  await bench.clock.advance(20_000);
  bench.clock.jump(-hour);
  await bench.clock.advance(30_000);
  expect(bench.running()).toEqual(['gc', 'web new']);
  await bench.clock.advance(14_000);
  expect(bench.running()).toEqual(['gc new', 'web new']);
});

test('a clock that is put forward, as after a sleep, ends holds whose time has come, and no others', async () => {
  const bench = await held(2 * hour);
  bench.clock.jump(hour);
  await bench.clock.advance(5000);
  expect(bench.running()).toEqual(['gc', 'web new']);
  bench.clock.jump(hour);
  await bench.clock.advance(2000);
  expect(bench.running()).toEqual(['gc new', 'web new']);
});

test.each([-24 * hour, 24 * hour])(
  'after a jump of the clock by %i ms drift is found on time, and undone as selfHeal says',
  async (jump) => {
    const bench = await createEngineBench([module('gc'), module('web')]);
    bench.files.policy = { interval: 10_000, selfHeal: true };
    await bench.engine.trigger('reload');
    await bench.clock.advance(11_000);
    await remove({ names: ['gc'] }, {}, bench.engine.context);
    bench.clock.jump(jump);
    await bench.clock.advance(12_000);
    expect(bench.running()).toEqual(['gc', 'web']);
  },
);

test('pending edits are neither drift nor applied by the interval', async () => {
  const bench = await createEngineBench([module('gc')]);
  bench.files.policy = { interval: 1000, selfHeal: true };
  await bench.engine.trigger('reload');
  const { serial } = bench.engine.context.ports.store.state;
  bench.files.modules = [module('gc', { args: ['new'] }), module('web')];
  await bench.clock.advance(5000);
  expect(bench.running()).toEqual(['gc']);
  expect(bench.engine.context.ports.store.state.serial).toBe(serial);
});
