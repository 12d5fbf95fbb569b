import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Clock, Timer } from '../../src/model/ports.ts';
import { createSetting, runnerFile, type Setting, type Started } from './setting.ts';

const waits = 'export async function main(ctx) { await ctx.run(); }';
const hosts = 'export async function main(ctx) { ctx.hostModules(); await ctx.run(); }';

async function running(all: readonly Promise<Started>[]): Promise<Started[]> {
  const started = await Promise.all(all);
  await Promise.all(started.map(({ ready }) => ready));
  return started;
}

test('modules of one group have one thread, others another, and with neither they have those of the pool', async () => {
  const { start, runners } = createSetting(runnerFile);
  const shared = (threadGroup?: string) => ({
    spec: { isolation: 'shared' as const, ...(threadGroup === undefined ? {} : { threadGroup }) },
  });
  const [a, b, c] = await running([start('a', waits, shared('x')), start('b', waits, shared('x')), start('c', waits, shared('y'))]);
  expect(a?.threadId()).toBe(b?.threadId());
  expect(c?.threadId()).not.toBe(a?.threadId());
  const pooled = await running(Array.from({ length: 40 }, (_, index) => start(`m${index}`, waits, shared())));
  const threads = pooled.map((one) => one.threadId());
  const counts = [...new Set(threads)].map((thread) => threads.filter((other) => other === thread).length);
  expect(counts.length).toBeLessThanOrEqual(8);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(threads).not.toContain(a?.threadId());
  expect(runners).toHaveLength(1);
});

test('a module of a shared thread comes and goes without the others noticing', async () => {
  const { start, written } = createSetting(runnerFile);
  const options = { spec: { isolation: 'shared' as const, threadGroup: 'x' } };
  const says = 'export async function main(ctx) { console.log(ctx.name, process.argv[2]); await ctx.run(); }';
  const [one, two] = await running([start('one', says, { ...options, args: ['1'] }), start('two', says, { ...options, args: ['2'] })]);
  one?.stop();
  expect(await one?.ended).toMatchObject({ reason: 'stopped', error: null });
  const [again] = await running([start('one', says, { ...options, args: ['3'] })]);
  expect(again?.threadId()).toBe(two?.threadId());
  await expect.poll(() => written.get('one')).toBe('one 1\none 3\n');
  expect(written.get('two')).toBe('two 2\n');
});

test('a runner by another name is a process of its own, which ends when nothing has lived in it for a while', async () => {
  const timers: { ms: number; fn(): void }[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    after(ms: number, fn: () => void): Timer {
      const timer = { ms, fn };
      timers.push(timer);
      return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
    },
  };
  const { start, runners } = createSetting(runnerFile, undefined, clock);
  const [main, edge] = await running([start('main', waits), start('edge', waits, { spec: { runner: 'edge' } })]);
  expect(runners).toHaveLength(2);
  expect(main?.pid()).not.toBe(edge?.pid());
  edge?.stop();
  await edge?.ended;
  const [emptied] = timers.filter(({ ms }) => ms === 30_000);
  emptied?.fn();
  const gone = runners.find(({ pid }) => pid !== main?.pid());
  expect(await gone?.exited).toMatchObject({ signal: 'SIGKILL' });
  const [again] = await running([start('edge', waits, { spec: { runner: 'edge' } })]);
  expect(runners).toHaveLength(3);
  expect(again?.pid()).toBe(runners[2]?.pid);
});

test('a service loads a module into its own thread, and takes it along when it ends', async () => {
  const { start, told, bus } = createSetting(runnerFile);
  const [gateway, other] = await running([start('gateway', hosts), start('other', waits)]);
  const code = `export async function main(ctx, args) {
    ctx.handle('who', () => [ctx.name, args, ctx.config]);
    await ctx.run();
  }`;
  const options = { args: ['a'], config: { b: 1 }, spec: { service: 'gateway' } };
  const [status, page] = await running([start('gateway.status', code, options), start('gateway.page', code, options)]);
  expect(status?.threadId()).toBe(gateway?.threadId());
  expect(status?.pid()).toBe(gateway?.pid());
  expect(await bus.request('gateway.status.who', null)).toEqual(['gateway.status', ['a'], { b: 1 }]);
  expect(await bus.request('gateway.list', null)).toMatchObject([{ name: 'gateway.page' }, { name: 'gateway.status' }]);
  status?.stop();
  expect(await status?.ended).toMatchObject({ reason: 'stopped by its service gateway', error: null });
  expect(await bus.request('gateway.list', null)).toMatchObject([{ name: 'gateway.page' }]);
  gateway?.kill();
  expect((await gateway?.ended)?.reason).toBe('terminated');
  expect(await page?.ended).toMatchObject({ error: { message: 'its service gateway ended' }, fault: 'another' });
  expect(told.filter((line) => line.startsWith('gateway.status'))).toEqual([
    'gateway.status attached',
    'gateway.status ready',
    'gateway.status finalizing',
    'gateway.status ended',
  ]);
  expect(other?.pid()).not.toBeNull();
});

test('what a service hosts in a shared thread ends with it, though the thread lives on', async () => {
  const { start } = createSetting(runnerFile);
  const shared = { spec: { isolation: 'shared' as const, threadGroup: 'x' } };
  const [gateway, other] = await running([start('gateway', hosts, shared), start('other', waits, shared)]);
  const [page] = await running([start('gateway.page', waits, { spec: { service: 'gateway' } })]);
  expect(page?.threadId()).toBe(other?.threadId());
  gateway?.kill();
  expect((await gateway?.ended)?.reason).toBe('terminated');
  expect((await page?.ended)?.error?.message).toMatch(/gateway/);
  other?.stop();
  expect((await other?.ended)?.reason).toBe('stopped');
});

test('a service with a loader of its own decides itself what loading means', async () => {
  const { start, written } = createSetting(runnerFile);
  const gateway = `export async function main(ctx) {
    ctx.hostModules({
      load({ name, path, args, config }) {
        if (config.bad) throw Object.assign(new Error('no such route'), { code: 'ENOENT' });
        ctx.log.info('load', name, path.split('/').at(-1), args, config);
      },
      remove: ({ name }) => ctx.log.info('remove', name),
    });
    await ctx.run();
  }`;
  const [service] = await running([start('gateway', gateway)]);
  const spec = { service: 'gateway' };
  const [route] = await running([start('gateway.route', waits, { spec, args: ['x'], config: { at: '/' } })]);
  const [other] = await running([start('gateway.other', waits, { spec })]);
  const bad = await start('gateway.bad', waits, { spec, config: { bad: true } });
  await expect(bad.ready).rejects.toThrow('no such route');
  await bad.ended;
  expect(await route?.save()).toBe(null); // asked for before a reload: what it had is for its service to keep
  route?.stop();
  expect(await route?.ended).toMatchObject({ reason: 'stopped', error: null });
  service?.stop();
  expect((await other?.ended)?.error?.message).toBe('its service gateway ended');
  await service?.ended;
  expect(written.get('gateway')).toBe(
    "load gateway.route gateway.route.ts [ 'x' ] { at: '/' }\nload gateway.other gateway.other.ts [] {}\nremove gateway.route\n",
  );
});

test('what is asked of a module waits from its start on, also before there is a process for it', async () => {
  const { start, bus } = createSetting(runnerFile);
  const serves = "export async function main(ctx) { ctx.handle('who', () => ctx.name); await ctx.run(); }";
  const one = await start('one', serves);
  const [other, asked] = [bus.request('other.who', null), bus.request('one.who', null)];
  one.rename('two');
  const renamed = bus.request('two.who', null);
  await expect(other).rejects.toMatchObject({ code: 'ENOSYS' });
  await expect(asked).rejects.toMatchObject({ code: 'ENOSYS' });
  expect(await renamed).toBe('two');
  const ended = await start('ended', serves);
  const lost = bus.request('ended.who', null);
  ended.kill();
  await expect(lost).rejects.toMatchObject({ code: 'ENOSYS' });
});

test('what is asked of a module waits until its service has loaded it, once and for all', async () => {
  const { start, driver, bus } = createSetting(runnerFile);
  const gateway = `export async function main(ctx) {
    let go;
    const gone = new Promise((resolve) => { go = resolve; });
    ctx.handle('go', () => go());
    const host = ctx.hostModules({ async load(module) { await gone; await host.load(module); } });
    await ctx.run();
  }`;
  await running([start('gateway', gateway)]);
  const page = await start('gateway.page', "export async function main(ctx) { ctx.handle('who', () => ctx.name); await ctx.run(); }", {
    spec: { service: 'gateway' },
  });
  const asks = "export async function main(ctx) { ctx.handle('ask', () => ctx.request('gateway.page.who')); await ctx.run(); }";
  await running([start('near', asks), start('far', asks, { spec: { runner: 'far' } })]);
  const answers = Promise.all(['gateway.page.who', 'near.ask', 'far.ask'].map((topic) => bus.request(topic, null)));
  await expect.poll(() => bus.waiting('gateway.page')).toBe(3);
  await bus.request('gateway.go', null);
  expect(await answers).toEqual(['gateway.page', 'gateway.page', 'gateway.page']);
  await driver.refresh();
  expect(page.queued() + bus.waiting('gateway.page')).toBe(0);
});

test('a module whose service is not there, or loads nothing, says so', async () => {
  const { start } = createSetting(runnerFile);
  const [plain] = await running([start('plain', waits)]);
  const lost = await start('gateway.status', waits, { spec: { service: 'gateway' } });
  await expect(lost.ready).rejects.toMatchObject({ code: 'ENOSYS' });
  const refused = await start('plain.status', waits, { spec: { service: 'plain' } });
  await expect(refused.ready).rejects.toMatchObject({ code: 'ENOSYS' });
  await Promise.all([lost.ended, refused.ended]);
  expect(plain?.pid()).not.toBeNull();
});

test('a module whose service is being replaced waits for it, and can be ended meanwhile', async () => {
  const { start, bus } = createSetting(runnerFile);
  const [gateway] = await running([start('gateway', hosts)]);
  bus.park('gateway');
  gateway?.stop();
  await gateway?.ended;
  const given = await start('gateway.up', waits, { spec: { service: 'gateway' } });
  const page = await start('gateway.page', waits, { spec: { service: 'gateway' } });
  given.kill();
  expect((await given.ended).reason).toBe('terminated');
  const [next] = await running([start('gateway', hosts)]);
  bus.unpark('gateway');
  await page.ready;
  expect(page.threadId()).toBe(next?.threadId());
});

const spares = 4;

/** A runner with two modules in threads of their own, and the number of threads that it has with no others waiting. */
async function runnerWithTwo({ start, runners }: Setting) {
  const threads = (): number => readdirSync(`/proc/${runners[0]?.pid}/task`).length;
  const [one] = await running([start('one', waits)]);
  const before = threads();
  await running([start('two', waits)]);
  return { threads, taken: before + 1, first: one?.threadId() ?? 0 };
}

test('once a runner of several modules is at rest, threads wait for the next ones, and each that is taken is replaced', async () => {
  const setting = createSetting(runnerFile);
  const { threads, taken, first } = await runnerWithTwo(setting);
  await expect.poll(threads, { timeout: 10_000 }).toBe(taken + spares);
  const [three] = await running([setting.start('three', waits)]);
  expect(three?.threadId()).toBe(first + 2);
  await expect.poll(threads, { timeout: 10_000 }).toBe(taken + 1 + spares);
  const [four] = await running([setting.start('four', waits)]);
  expect(four?.threadId()).toBe(first + 3);
});

test('more threads wait where many have run at once', async () => {
  const setting = createSetting(runnerFile);
  const { threads, taken } = await runnerWithTwo(setting);
  const more = Array.from({ length: 38 }, (_, index) => setting.start(`more ${index}`, waits));
  await running(more);
  await expect.poll(threads, { timeout: 30_000 }).toBe(taken + 38 + 5);
});

test('a module with a limit of its heap takes no thread that waits: limits are given at the start of a thread', async () => {
  const setting = createSetting(runnerFile);
  const { threads, taken, first } = await runnerWithTwo(setting);
  await expect.poll(threads, { timeout: 10_000 }).toBe(taken + spares);
  const code =
    "import { resourceLimits } from 'node:worker_threads'; export async function main(ctx) { console.log(resourceLimits.maxOldGenerationSizeMb); await ctx.run(); }";
  const [three] = await running([setting.start('three', code, { spec: { maxHeap: 32 * 1024 ** 2 } })]);
  expect(three?.threadId()).toBe(first + 2 + spares);
  three?.stop();
  await three?.ended;
  expect(three?.output()).toEqual(['32']);
});
