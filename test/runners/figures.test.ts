import { expect, test } from 'vitest';
import { within } from '../support/within.ts';
import { createSetting, runnerFile } from './setting.ts';

const serves = `export async function main(ctx) {
  let n = 0;
  ctx.handle('hello', ({ payload }) => payload);
  ctx.handle('hang', () => { for (;;); });
  ctx.onStats(() => ({ n: (n += 1), tx: 'mine' }));
  await ctx.run();
}`;

test('counters, what the module adds, and when it was last active', async () => {
  const { start, driver, bus } = createSetting(runnerFile);
  const module = await start('module', serves);
  await module.ready;
  const idleSince = module.activeAt();
  expect(await bus.request('module.hello', 1)).toBe(1);
  expect(await bus.request('module.hello', 2)).toBe(2);
  expect(await module.stats()).toEqual({
    n: 1,
    tx: { request: 0, response: 2, event: 0, control: expect.any(Number) },
    rx: { request: 2, response: 0, event: 0, control: expect.any(Number) },
  });
  await driver.refresh();
  expect(module.activeAt()).toBeGreaterThanOrEqual(idleSince);
  expect(Date.now() - module.activeAt()).toBeLessThan(10_000);
  await module.clearStats();
  expect(await module.stats()).toMatchObject({ n: 2, rx: { request: 0 }, tx: { response: 0 } });
});

test('counters, queue and processor time can be read while the module hangs', async () => {
  const { start, driver, bus } = createSetting(runnerFile);
  const [module, asker] = [
    await start('module', serves),
    await start(
      'asker',
      `export async function main(ctx) {
      ctx.handle('go', ({ payload }) => {
        const all = Promise.allSettled([1, 2, 3, 4, 5].map((n) => ctx.request('module.hello', n)));
        return payload === 'wait' ? all : null;
      });
      await ctx.run();
    }`,
    ),
  ];
  await Promise.all([module.ready, asker.ready]);
  await bus.request('asker.go', 'wait');
  bus.request('module.hang', null).catch(() => {});
  await expect.poll(async () => (await module.rusage('thread')).utime, { timeout: 10_000 }).toBeGreaterThan(0.2);
  await bus.request('asker.go', null);
  const stats = await module.stats();
  expect(stats.n).toBeUndefined();
  expect(stats.rx?.request).toBe(6);
  await expect
    .poll(async () => {
      await driver.refresh();
      return module.queued();
    })
    .toBe(5);
  expect((await asker.rusage('thread')).utime).toBeLessThan((await module.rusage('thread')).utime);
  const self = await module.rusage('self');
  expect(self.utime).toBeGreaterThan(0.2);
  expect(self.maxrss).toBeGreaterThan(10_000);
  expect(await module.rusage('children')).toEqual({ utime: expect.any(Number), stime: expect.any(Number), maxrss: expect.any(Number) });
  module.kill();
  await module.ended;
});

test('a runner that has ended answers nothing, and views take no longer for it', async () => {
  const { start, driver, runners } = createSetting(runnerFile);
  const module = await start('module', serves);
  await module.ready;
  runners[0]?.signal('SIGSTOP');
  const stats = module.stats();
  stats.catch(() => {});
  await within(5000, () => driver.refresh());
  runners[0]?.signal('SIGKILL');
  await expect(stats).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  await module.ended;
  await driver.refresh();
});
