import { expect, onTestFinished, test } from 'vitest';
import { createKeeper } from '../../src/keeper/local.ts';
import type { Lease } from '../../src/model/keeper.ts';
import { createFrames, type Frames } from '../../src/runners/frames.ts';
import type { ToRunner } from '../../src/runners/protocol.ts';
import { dial } from '../../src/socket/client.ts';
import { forkingKeeper } from './forking-keeper.ts';
import { createSetting, runnerFile } from './setting.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = {
  now: () => Date.now(),
  after(ms: number, fn: () => void) {
    const timer = setTimeout(fn, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

test('under the keeper, a runner has a lease of its own that ends with it', async () => {
  const begun: Lease[] = [];
  const ended: string[] = [];
  const leases = { begin: async (lease: Lease) => void begun.push(lease), started() {}, ended: (id: string) => void ended.push(id) };
  const { start, runners, written } = createSetting(runnerFile, () => createKeeper({ leases, clock, log: silent, owner: 'test/' }));
  const module = await start('module', 'export async function main(ctx) { console.log(JSON.stringify(process.env)); await ctx.run(); }');
  await module.ready;
  await expect.poll(() => written.get('module')).toBe('{}\n');
  expect(begun.map(({ name }) => name)).toEqual(['runner:main']);
  runners[0]?.signal('SIGKILL');
  const how = await module.ended;
  expect([how.reason, how.fault]).toEqual(['its runner ended: killed by SIGKILL', undefined]);
  expect(ended).toEqual([begun[0]?.id]);
});

test('a runner whose daemon is gone ends at once, also with a thread that blocks', async () => {
  const { folder, start } = createSetting(runnerFile);
  const keeper = forkingKeeper();
  onTestFinished(() => keeper.dispose());
  const listen = `${folder}/own.sock`;
  const argv = [process.execPath, runnerFile];
  const runner = await keeper.spawn({ lease: 'own', name: 'own', argv, cwd: folder, env: {}, listen, onOutput() {} });
  const blocks =
    "import { spawnSync } from 'node:child_process'; export async function main(ctx) { ctx.ready(); spawnSync('sleep', ['60']); }";
  const compiled = await start('blocks', blocks);
  await compiled.ready;
  const { readdirSync } = await import('node:fs');
  const codeFile = `${folder}/code/${readdirSync(`${folder}/code`).find((name) => name.endsWith('.cjs'))}`;
  const order: ToRunner = {
    type: 'start',
    id: 1,
    place: { type: 'own' },
    start: {
      name: 'blocks',
      path: `${folder}/blocks.ts`,
      codeFile,
      args: [],
      env: { PATH: process.env.PATH ?? '' },
      config: {},
      maxHeap: null,
      expectName: null,
      restored: null,
    },
  };
  const socket = await dial(listen);
  const frames = await new Promise<Frames>((resolve) => {
    const ours = createFrames(socket, { receive: () => resolve(ours), closed() {} });
    ours.send([order]);
  });
  frames.end();
  expect(await runner.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a runner that cannot be started fails the modules with the reason, and is tried again', async () => {
  const { start, runners } = createSetting(`${runnerFile}.none`);
  const [one, two] = await Promise.all([start('one', 'exports.main = () => {}'), start('two', 'exports.main = () => {}')]);
  expect((await one.ended).reason).toBe('its runner ended: exited with code 1');
  await two.ended;
  expect(runners.length).toBeGreaterThan(0);
});

test('a runner that is being started when the driver is disposed of ends with it', async () => {
  const { driver, start, runners } = createSetting(runnerFile);
  const module = await start('module', 'export async function main(ctx) { await ctx.run(); }');
  await driver.dispose();
  expect(await runners[0]?.exited).toMatchObject({ signal: 'SIGKILL' });
  expect((await module.ended).reason).toBe('its runner ended: the daemon ends');
});
