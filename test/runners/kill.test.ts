import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSetting, runnerFile, type Setting, type Started } from './setting.ts';

const waits = 'export async function main(ctx) { await ctx.run(); }';
const deaf = 'export async function main(ctx) { ctx.onShutdown(() => new Promise(() => {})); await ctx.run(); }';
const loops = `import { mkdirSync } from 'node:fs';
export async function main(ctx) {
  ctx.ready();
  setTimeout(() => { mkdirSync(ctx.args[0]); for (;;); }, 5);
  await ctx.run();
}`;

async function startLoop({ start, folder }: Setting): Promise<Started> {
  const loop = await start('loop', loops, { ...shared, args: [`${folder}/loops`] });
  await expect.poll(() => existsSync(`${folder}/loops`)).toBe(true);
  return loop;
}

const shared = { spec: { isolation: 'shared' as const, threadGroup: 'x' } };

test('a module of a shared thread that does not stop is ended alone', async () => {
  const { start } = createSetting(runnerFile);
  const one = await start('one', waits, shared);
  const stubborn = await start('stubborn', deaf, shared);
  await Promise.all([one.ready, stubborn.ready]);
  stubborn.stop();
  stubborn.kill();
  expect(await stubborn.ended).toMatchObject({ error: null, reason: 'terminated' });
  one.stop();
  expect((await one.ended).reason).toBe('stopped');
  const next = await start('next', waits, shared);
  await next.ready;
  expect(next.threadId()).toBe(stubborn.threadId());
});

test('where a shared thread hangs it is ended as a whole, and those in it hear because of whom', async () => {
  const setting = createSetting(runnerFile);
  const { start, runners } = setting;
  const [one, elsewhere] = [await start('one', waits, shared), await start('elsewhere', waits)];
  await Promise.all([one.ready, elsewhere.ready]);
  const loop = await startLoop(setting);
  loop.kill();
  expect(await loop.ended).toMatchObject({ error: null, reason: 'terminated' });
  const message = 'its thread was ended because "loop" could not be stopped';
  expect(await one.ended).toMatchObject({ error: { message }, fault: 'another' });
  const next = await start('next', waits, shared);
  await next.ready;
  expect(next.threadId()).not.toBe(one.threadId());
  elsewhere.stop();
  expect((await elsewhere.ended).reason).toBe('stopped');
  expect(runners).toHaveLength(1);
});

test('all modules of a shared thread that hangs can be killed together', async () => {
  const setting = createSetting(runnerFile);
  const { start } = setting;
  const all = [await start('one', waits, shared), await start('two', waits, shared), await startLoop(setting)];
  await Promise.all(all.map(({ ready }) => ready));
  for (const one of all) one.kill();
  for (const { ended } of all) expect(await ended).toMatchObject({ error: null, reason: 'terminated' });
});

test('an error of nobody in particular ends all modules of its thread, each with that error', async () => {
  const { start, runners } = createSetting(runnerFile);
  const [one, elsewhere] = [await start('one', waits, shared), await start('elsewhere', waits)];
  await Promise.all([one.ready, elsewhere.ready]);
  const code = 'export async function main(ctx) { ctx.ready(); process.reallyExit(7); }';
  const other = await start('other', code, shared);
  for (const { ended } of [one, other]) {
    const { reason, error, fault } = await ended;
    expect(reason).toBe('its thread ended: exited with code 7');
    expect([error?.message, fault]).toEqual([reason, 'unknown']);
  }
  elsewhere.stop();
  expect((await elsewhere.ended).reason).toBe('stopped');
  expect(runners).toHaveLength(1);
});

test('a module that is killed before its service has asked for it never starts', async () => {
  const { start } = createSetting(runnerFile);
  const gateway = await start(
    'gateway',
    'export async function main(ctx) { ctx.hostModules({ load: () => new Promise(() => {}) }); await ctx.run(); }',
  );
  await gateway.ready;
  const page = await start('gateway.page', waits, { spec: { service: 'gateway' } });
  page.kill();
  expect((await page.ended).reason).toBe('terminated');
  gateway.stop();
  expect((await gateway.ended).reason).toBe('stopped');
});
