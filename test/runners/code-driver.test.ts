import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSetting, root, runnerFile } from './setting.ts';

const waits = 'export async function main(ctx) { await ctx.run(); }';

test('a module runs in a thread of the one runner, with its name, args, config and environment and no other', async () => {
  const { start, runners, written } = createSetting(runnerFile);
  const code = `export async function main(ctx, args) {
    console.log(JSON.stringify([ctx.name, ctx.args, args, process.argv.slice(2), ctx.config, ctx.env, process.env, ctx.rank]));
    await ctx.run();
  }`;
  const args = ['--loud', 'a b', '', 'q"uo', 'ü'];
  const one = await start('one', code, { args, config: { a: { b: 1 } }, env: { ONLY: 'this' } });
  const two = await start('two', waits);
  await Promise.all([one.ready, two.ready]);
  expect(runners).toHaveLength(1);
  expect(one.pid()).toBe(runners[0]?.pid);
  expect(one.threadId()).toBeGreaterThan(0);
  expect(two.threadId()).not.toBe(one.threadId());
  one.stop();
  expect(await one.ended).toEqual({ code: null, signal: null, error: null, reason: 'stopped' });
  expect(JSON.parse(written.get('one') ?? '')).toEqual(['one', args, args, args, { a: { b: 1 } }, { ONLY: 'this' }, { ONLY: 'this' }, 0]);
});

test('a module that throws at start fails with its error and a stack that shows the line of the source', async () => {
  const { start, folder } = createSetting(runnerFile);
  const code = `import { fail, Tone } from './lib/fail.ts';

export async function main(): Promise<void> {
  fail(Tone.Loud);
}`;
  const lib = `export enum Tone { Calm, Loud }
interface Unused { a: string }

export function fail(tone: Tone): never {
  throw new Error(\`tone \${Tone[tone]}\`);
}`;
  const thrower = await start('thrower', code, { files: { 'lib/fail.ts': lib } });
  await expect(thrower.ready).rejects.toMatchObject({ code: 'EFAILED', message: expect.stringContaining('tone Loud') });
  const { error, reason } = await thrower.ended;
  expect(reason).toBe('threw: tone Loud');
  expect(error?.stack).toContain(`at fail (${folder}/lib/fail.ts:5:9)`);
  expect(error?.stack).toContain(`${folder}/thrower.ts:4:3`);
  expect(error?.stack).not.toContain('realm.cjs');
  expect(thrower.output().join('\n')).toContain('Error: tone Loud');
});

test('a module without main, or looked up by another name than it exports, says so', async () => {
  const { start, folder } = createSetting(runnerFile);
  const empty = await start('empty', 'export const main = 1;');
  await expect(empty.ready).rejects.toMatchObject({ code: 'EINVAL', message: `${folder}/empty.ts exports no function main` });
  const other = await start('other', `export const name = 'another'; ${waits}`, { spec: { module: 'other' } });
  await expect(other.ready).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringMatching(/"other".*"another"/) });
});

test('a module whose main returns before it ran has failed to start; after that it has ended', async () => {
  const { start } = createSetting(runnerFile);
  const early = await start('early', 'export async function main() {}');
  await expect(early.ready).rejects.toMatchObject({ message: '"early" ended before it was running: main returned' });
  const late = await start('late', 'export async function main(ctx) { ctx.ready(); await new Promise((go) => setTimeout(go, 5)); }');
  await late.ready;
  expect(await late.ended).toMatchObject({ error: null, reason: 'main returned' });
  expect(late.heard).toEqual(['finalizing']);
});

test('a changed config reaches the same thread; a handler that throws keeps the old one', async () => {
  const { start, written } = createSetting(runnerFile);
  const code = `export async function main(ctx) {
    ctx.onReconfigure((config) => {
      if (config.n === 2) throw new Error('two is bad');
      ctx.log.info('now', config.n, config === ctx.config, Object.isFrozen(config));
    });
    ctx.onShutdown(() => ctx.log.info('last', ctx.config.n));
    await ctx.run();
  }`;
  const module = await start('module', code, { config: { n: 0 } });
  await module.ready;
  expect(module.reconfigurable()).toBe(true);
  const threadId = module.threadId();
  await module.reconfigure({ n: 1 });
  await expect(module.reconfigure({ n: 2 })).rejects.toThrow('two is bad');
  expect(module.threadId()).toBe(threadId);
  module.stop();
  await module.ended;
  expect(written.get('module')).toBe('now 1 true true\nlast 1\n');
});

test('told to stop, a module runs its shutdown functions, one that throws is logged, and run() resolves', async () => {
  const { start, written } = createSetting(runnerFile);
  const code = `export async function main(ctx) {
    ctx.onShutdown(() => ctx.log.info('first registered', ctx.signal.aborted));
    ctx.onShutdown(async () => { throw new Error('no way'); });
    ctx.signal.addEventListener('abort', () => ctx.log.info('aborted'));
    ctx.status('warn', 'so so');
    await ctx.run();
    ctx.log.debug('done');
    setInterval(() => {}, 1000);
  }`;
  const module = await start('module', code);
  await module.ready;
  expect(module.reconfigurable()).toBe(false);
  module.stop();
  expect(await module.ended).toMatchObject({ error: null, reason: 'stopped' });
  expect(module.heard).toEqual(['warn: so so']);
  expect(written.get('module')).toMatch(/^error: a function given to onShutdown threw: Error: no way/m);
  expect(written.get('module')).toContain('first registered false\naborted\ndebug: done\n');
});

test('an error after the start ends the module alone', async () => {
  const { start } = createSetting(runnerFile);
  const other = await start('other', waits);
  const late = await start(
    'late',
    "export async function main(ctx) { setTimeout(() => { throw new Error('late'); }, 5); await ctx.run(); }",
  );
  const rejecting = await start('rejecting', "export async function main(ctx) { Promise.reject(new Error('lost')); await ctx.run(); }");
  const exiting = await start('exiting', 'export async function main(ctx) { setTimeout(() => process.exit(3), 5); await ctx.run(); }');
  expect(await late.ended).toMatchObject({
    reason: 'threw: late',
    error: { message: 'late', stack: expect.stringContaining('late.ts:1:') },
  });
  expect((await rejecting.ended).reason).toBe('threw: lost');
  expect((await exiting.ended).error?.message).toBe('exited with code 3');
  await other.ready;
  other.stop();
  expect((await other.ended).reason).toBe('stopped');
});

test("what a module or its library posts to the port of its thread is nobody's business and harms nobody", async () => {
  const { start } = createSetting(runnerFile);
  const other = await start('other', waits);
  const posting = await start(
    'posting',
    `import { parentPort } from 'node:worker_threads';
    export async function main(ctx) {
      for (const junk of [null, 1, 'text', {}, [], { type: 'settled' }, { muster: null }]) parentPort.postMessage(junk);
      await ctx.run();
    }`,
  );
  await Promise.all([other.ready, posting.ready]);
  for (const one of [posting, other]) {
    one.stop();
    expect((await one.ended).reason).toBe('stopped');
  }
});

test('an endless loop can be killed while others answer', async () => {
  const { start, runners } = createSetting(runnerFile);
  const loop = await start('loop', 'export async function main(ctx) { ctx.ready(); await null; for (;;); }');
  const other = await start('other', 'export async function main(ctx) { ctx.onReconfigure(() => {}); await ctx.run(); }');
  await Promise.all([loop.ready, other.ready]);
  loop.stop();
  await other.reconfigure({ n: 1 });
  loop.kill();
  expect(await loop.ended).toMatchObject({ error: null, reason: 'terminated' });
  expect(runners).toHaveLength(1);
});

test('what blocks in a system call is ended with its runner, and the others hear why', async () => {
  const { folder, start } = createSetting(runnerFile);
  const other = await start('other', waits);
  const blocked = await start(
    'blocked',
    `import { spawnSync } from 'node:child_process';
    export async function main(ctx) { ctx.ready(); spawnSync('sh', ['-c', 'mkdir "$0"; exec sleep 60', ctx.args[0]]); }`,
    { args: [`${folder}/blocks`] },
  );
  await Promise.all([other.ready, blocked.ready]);
  while (!existsSync(`${folder}/blocks`)) await new Promise((go) => setTimeout(go, 10));
  blocked.kill();
  const reason = 'its runner ended: "blocked" could not be ended otherwise';
  expect(await other.ended).toMatchObject({ reason, fault: 'another' });
  expect((await blocked.ended).fault).toBeUndefined();
});

test('when the runner is killed all in it end, and the next start gets a new one', async () => {
  const { start, runners } = createSetting(runnerFile);
  const [one, two] = await Promise.all([start('one', waits), start('two', waits)]);
  await Promise.all([one.ready, two.ready]);
  runners[0]?.signal('SIGKILL');
  const reason = 'its runner ended: killed by SIGKILL';
  expect(await one.ended).toMatchObject({ reason, error: { message: reason }, fault: 'unknown' });
  expect((await two.ended).reason).toBe(reason);
  const three = await start('three', waits);
  await three.ready;
  expect(runners).toHaveLength(2);
  expect(three.pid()).toBe(runners[1]?.pid);
});

test('fifty modules start at once', async () => {
  const { start, runners } = createSetting(runnerFile);
  const all = await Promise.all(Array.from({ length: 50 }, (_, index) => start(`m${index}`, waits)));
  await Promise.all(all.map(({ ready }) => ready));
  expect(new Set(all.map((one) => one.threadId())).size).toBe(50);
  expect(runners).toHaveLength(1);
  for (const one of all) one.stop();
  expect(new Set((await Promise.all(all.map(({ ended }) => ended))).map(({ reason }) => reason))).toEqual(new Set(['stopped']));
});

test('a module renamed knows its new name', async () => {
  const { start, written } = createSetting(runnerFile);
  const module = await start('old', 'export async function main(ctx) { ctx.onShutdown(() => ctx.log.info(ctx.name)); await ctx.run(); }');
  await module.ready;
  module.rename('new');
  module.stop();
  await module.ended;
  expect(written.get('old')).toBe('new\n');
});

test('killed before its runner is up, a module never starts', async () => {
  const { start, written } = createSetting(runnerFile);
  const module = await start('module', `console.log('started'); ${waits}`);
  module.kill();
  expect((await module.ended).reason).toBe('terminated');
  await expect(module.ready).rejects.toMatchObject({ code: 'ECANCELED' });
  expect(written.get('module')).toBeUndefined();
});

test('the greeter of the examples greets anew when its config changes', async () => {
  const { start, written } = createSetting(runnerFile);
  const greeter = await start('greeter', { file: join(root, 'src/examples/greeter.ts') }, { args: ['--loud'], config: { greeting: 'hi' } });
  await greeter.ready;
  await greeter.reconfigure({ greeting: 'moin' });
  greeter.stop();
  await greeter.ended;
  expect(written.get('greeter')).toBe('HI!\nMOIN!\ngoodbye\n');
});

test('the heartbeat beats at its interval and refuses one that is none', async () => {
  const { start } = createSetting(runnerFile);
  const heartbeat = await start('heartbeat', { file: join(root, 'src/builtin/heartbeat.ts') }, { config: { intervalMs: 5 } });
  await heartbeat.ready;
  await expect.poll(() => heartbeat.heard).toContain('core: 2 beats');
  await expect(heartbeat.reconfigure({ intervalMs: 'often' })).rejects.toThrow('intervalMs is a number');
  await heartbeat.reconfigure({ intervalMs: 60_000 });
});

test('a flood of output all arrives, and a slow reader makes the module wait', async () => {
  const { start, written } = createSetting(runnerFile);
  const code = `export async function main(ctx) {
    for (let n = 0; n < 20_000; n++) if (!process.stdout.write('x'.repeat(99) + '\\n')) await new Promise((go) => process.stdout.once('drain', go));
    ctx.log.info('end');
    await ctx.run();
  }`;
  const flood = await start('flood', code);
  await flood.ready;
  flood.stop();
  await flood.ended;
  expect(written.get('flood')?.length).toBe(20_000 * 100 + 'end\n'.length);
  expect(flood.output()).toHaveLength(20);
  expect(flood.output().at(-1)).toBe('end');
});

test('however starts, stops and kills fall together, every instance ends', async () => {
  const { start, runners } = createSetting(runnerFile);
  await (await start('first', waits)).ready;
  const all = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const one = await start(`m${index}`, waits);
      if (index % 2 === 0) await Promise.race([one.ready.catch(() => {}), new Promise((go) => setTimeout(go, index))]);
      if (index % 3 === 0) one.stop();
      if (index % 3 === 1) one.kill();
      if (index % 3 === 2) one.reconfigure({ index }).catch(() => {});
      return one;
    }),
  );
  runners[0]?.signal('SIGKILL');
  const ends = await Promise.all(all.map(({ ended }) => ended));
  for (const { reason } of ends) expect(reason).toMatch(/^(stopped|terminated|its runner ended: killed by SIGKILL)$/);
  await Promise.all(all.map(({ ready }) => ready.catch(() => {})));
});

test('a module with a process of its own has a runner for itself, which is gone when the module has ended', async () => {
  const { start, runners } = createSetting(runnerFile);
  const [shared, alone] = [await start('shared', waits), await start('alone', waits, { spec: { isolation: 'process' } })];
  await Promise.all([shared.ready, alone.ready]);
  expect(runners).toHaveLength(2);
  expect(alone.pid()).not.toBe(shared.pid());
  expect(alone.threadId()).toBeNull();
  const pid = alone.pid() ?? 0;
  alone.stop();
  expect(await alone.ended).toMatchObject({ reason: 'stopped' });
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(shared.pid()).not.toBeNull();
});

test('a module whose own process is killed ends alone and says why', async () => {
  const { start, runners } = createSetting(runnerFile);
  const [shared, alone] = [await start('shared', waits), await start('alone', waits, { spec: { isolation: 'process' } })];
  await Promise.all([shared.ready, alone.ready]);
  process.kill(alone.pid() ?? 0, 'SIGKILL');
  expect(await alone.ended).toMatchObject({ reason: 'its runner ended: killed by SIGKILL' });
  expect(runners).toHaveLength(2);
  expect(shared.pid()).not.toBeNull();
});
