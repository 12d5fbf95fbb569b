import { expect, test } from 'vitest';
import { createSetting, runnerFile } from './setting.ts';

test('what a module saves is what its next instance is given; one that cannot save serves on', async () => {
  const { start, bus } = createSetting(runnerFile);
  const code = `export async function main(ctx) {
    let count = ctx.restored?.count ?? 0;
    ctx.handle('up', () => (count += 1));
    ctx.onSave(() => {
      if (ctx.config.broken) throw new Error('not now');
      return { count };
    });
    await ctx.run();
  }`;
  const first = await start('counter', code);
  await first.ready;
  expect(await bus.request('counter.up', null)).toBe(1);
  const restored = await first.save();
  first.stop();
  await first.ended;
  const second = await start('counter', code, { restored, config: { broken: true } });
  await second.ready;
  expect(await bus.request('counter.up', null)).toBe(2);
  await expect(second.save()).rejects.toThrow('not now');
  second.resume();
  expect(await bus.request('counter.up', null)).toBe(3);
  second.stop();
  await second.ended;
  await expect(second.save()).rejects.toMatchObject({ code: 'ECANCELED' });
});

test('the bus hears of a module before it starts, when it runs, finalizes and has ended, and of its names', async () => {
  const { start, told } = createSetting(runnerFile);
  const module = await start('module', 'export async function main(ctx) { await ctx.run(); }', { spec: { priority: 7, control: 'read' } });
  await module.ready;
  module.rename('other');
  module.stop();
  await module.ended;
  expect(told).toEqual(['module attached', 'module ready', 'module renamed to other', 'other finalizing', 'other ended']);
});

test('a module whose name another one has is refused, and that one runs on', async () => {
  const { start } = createSetting(runnerFile);
  const waits = 'export async function main(ctx) { await ctx.run(); }';
  const holder = await start('holder', waits, { spec: { provides: ['taken'] } });
  await holder.ready;
  const late = await start('late', 'export async function main(ctx) { await ctx.register("taken"); await ctx.run(); }');
  await expect(late.ready).rejects.toMatchObject({ code: 'EEXIST', message: expect.stringContaining('holder') });
  await late.ended;
  holder.stop();
  expect((await holder.ended).reason).toBe('stopped');
});
