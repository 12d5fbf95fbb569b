import { expect, test } from 'vitest';
import { outputBacklog } from '../../../src/runners/inside/output.ts';
import { outputWindow } from '../../../src/runners/protocol.ts';
import { openRealm, realmFile } from './realm.ts';

const waits = 'export async function main(ctx) { await ctx.run(); }';

test('what modules of one thread print, by whichever way, is each their own', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const code = `import process from 'node:process';
    import nodeConsole from 'node:console';
    import { log as imported } from 'console';
    export async function main(ctx) {
      const say = (way) => ctx.name + ' ' + way;
      console.log(say('console'));
      nodeConsole.error(say('node:console'));
      imported(say('imported'));
      process.stdout.write(say('process') + '\\n');
      globalThis.console.log(say('global console'));
      globalThis.process.stderr.write(say('global process') + '\\n');
      ctx.log.warn(say('ctx.log'));
      await new Promise((go) => setTimeout(go, 5));
      globalThis.console.log(say('later'));
      await ctx.run();
    }`;
  const [one, two] = [await realm.start('one', code), await realm.start('two', code)];
  await Promise.all([one.says('ready'), two.says('ready')]);
  await Promise.all([one.stop(), two.stop()]);
  for (const [name, module] of Object.entries({ one, two })) {
    const lines = (ways: string[]): string => ways.map((way) => `${name} ${way}\n`).join('');
    expect(module.wrote('stdout')).toBe(lines(['console', 'imported', 'process', 'global console', 'later']));
    expect(module.wrote('stderr')).toBe(lines(['node:console', 'global process', 'ctx.log']));
  }
  expect(realm.thread()).toBe('');
});

test('environment, arguments and exit code are those of each module', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const code = `export async function main(ctx) {
    process.env.NUMBER = 1;
    console.log(JSON.stringify([process.env, globalThis.process.env, process.argv.slice(2), globalThis.process.argv.slice(2), process.pid === globalThis.process.pid]));
    await ctx.run();
  }`;
  const one = await realm.start('one', code, { env: { A: '1' }, args: ['x'] });
  const two = await realm.start('two', code, { env: { B: '2' } });
  await Promise.all([one.says('ready'), two.says('ready')]);
  await Promise.all([one.stop(), two.stop()]);
  expect(JSON.parse(one.wrote())).toEqual([{ A: '1', NUMBER: '1' }, { A: '1', NUMBER: '1' }, ['x'], ['x'], true]);
  expect(JSON.parse(two.wrote())).toEqual([{ B: '2', NUMBER: '1' }, { B: '2', NUMBER: '1' }, [], [], true]);
});

test('process.exit ends the module that calls it, at once and alone', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const stays = await realm.start('stays', waits);
  const code = (exit: string): string => `export async function main(ctx) {
    process.on('exit', (code) => console.log('exit', code));
    ctx.ready();
    setTimeout(() => console.log('never'), 20);
    await null;
    ${exit};
    console.log('not reached');
  }`;
  const three = await realm.start('three', code('process.exit(3)'));
  expect(await three.settled).toMatchObject({ reason: 'exited with code 3', thrown: { message: 'exited with code 3' } });
  const zero = await realm.start('zero', code('globalThis.process.exit()'));
  expect(await zero.settled).toMatchObject({ reason: 'exited with code 0', thrown: null });
  const late = await realm.start('late', "export async function main(ctx) { setTimeout(() => process.exit('4'), 5); await ctx.run(); }");
  expect(await late.settled).toMatchObject({ reason: 'exited with code 4' });
  await new Promise((go) => setTimeout(go, 30));
  expect(await stays.stop()).toMatchObject({ reason: 'stopped' });
  expect(three.wrote()).toBe('exit 3\n');
  expect(zero.wrote()).toBe('exit 0\n');
});

test.for([
  ['a timer', "setTimeout(() => { throw new Error('lost'); }, 5)"],
  ['an immediate', "setImmediate(() => { throw new Error('lost'); })"],
  ['a tick', "process.nextTick(() => { throw new Error('lost'); })"],
  ['a microtask', "queueMicrotask(() => { throw new Error('lost'); })"],
  ['a rejection', "Promise.reject(new Error('lost'))"],
  ['a later rejection', "(async () => { await new Promise((go) => setTimeout(go, 5)); throw new Error('lost'); })()"],
  ['a callback of the file system', "require('node:fs').stat('/', () => { throw new Error('lost'); })"],
  ['a file that is not there', "require('node:fs').createReadStream('/no/such').on('error', () => { throw new Error('lost'); })"],
  [
    'a connection',
    "const server = require('node:net').createServer(() => {}).listen(0, '127.0.0.1', () => { require('node:net').connect(server.address().port, '127.0.0.1', () => { server.close(); throw new Error('lost'); }); })",
  ],
  ['a child', "require('node:child_process').execFile('true', () => { throw new Error('lost'); })"],
  [
    'a message port',
    "const { port1, port2 } = new MessageChannel(); port1.onmessage = () => { port1.close(); throw new Error('lost'); }; port2.postMessage(1)",
  ],
  [
    'an abort',
    "ctx.signal.addEventListener('abort', () => { throw new Error('lost'); }); const c = new AbortController(); c.signal.addEventListener('abort', () => { throw new Error('lost'); }); c.abort()",
  ],
] as const)('%s that throws ends its module and no other', async ([, act]) => {
  const realm = openRealm(realmFile, { shared: true });
  const stays = await realm.start('stays', waits);
  const throws = await realm.start('throws', `export async function main(ctx) { ${act}; await ctx.run(); }`);
  const { reason, thrown } = await throws.settled;
  expect(reason).toBe('threw: lost');
  expect(thrown?.stack).toContain(`${realm.folder}/throws.ts:1:`);
  expect(thrown?.stack).not.toMatch(/realm\.cjs|node:internal/);
  expect(await stays.stop()).toMatchObject({ reason: 'stopped' });
});

test('a module that listens for its uncaught errors itself goes on', async () => {
  const code = `export async function main(ctx) {
    process.on('uncaughtException', (error, origin) => console.log('caught', error.message, origin));
    setTimeout(() => { throw new Error('one'); });
    Promise.reject(new Error('two'));
    await new Promise((go) => setTimeout(go, 20));
    process.on('unhandledRejection', (reason) => console.log('rejected', reason.message));
    Promise.reject(new Error('three'));
    await ctx.run();
  }`;
  const shared = openRealm(realmFile, { shared: true });
  const among = await shared.start('module', code);
  const own = openRealm(realmFile);
  const alone = await own.start('module', code);
  await Promise.all([among.says('ready'), alone.says('ready')]);
  expect(await among.stop()).toMatchObject({ reason: 'stopped' });
  expect(await alone.stop()).toMatchObject({ reason: 'stopped' });
  await own.exited;
  expect(among.wrote()).toBe('caught two unhandledRejection\ncaught one uncaughtException\nrejected three\n');
  expect(own.thread()).toBe(among.wrote());
});

test('an error that could be of any of them ends the thread', async () => {
  const realm = openRealm(realmFile, { shared: true });
  await realm.start('stays', waits);
  const code = `export async function main(ctx) {
    ctx.ready();
    require('node:worker_threads').parentPort.on('message', () => { throw new Error('whose'); });
    await ctx.run();
  }`;
  const throws = await realm.start('throws', code);
  await throws.says('ready');
  realm.post();
  const { error } = await realm.exited;
  expect(error?.message).toBe('whose');
});

test('what a module prints waits for its reader, up to a bound; beyond it is dropped, and a line says how much', async () => {
  const realm = openRealm(realmFile, { shared: true, acknowledge: false });
  const code = `export async function main(ctx) {
    for (let n = 0; n < 40_000; n++) console.log('x'.repeat(99));
    ctx.ready();
    await ctx.run();
  }`;
  const module = await realm.start('flood', code);
  await module.says('ready');
  expect(module.wrote().length).toBeLessThanOrEqual(outputWindow + 100);
  realm.post({ type: 'wrote', id: module.id, bytes: module.wrote().length });
  module.send({ type: 'reconfigure', call: 1, config: {} });
  await module.says('reconfigured');
  expect(module.wrote().length).toBeLessThanOrEqual(2 * outputWindow + 200);
  await module.stop();
  const printed = module.wrote('stdout').length;
  expect(printed).toBeGreaterThan(outputBacklog);
  expect(printed).toBeLessThanOrEqual(outputBacklog + outputWindow + 100);
  expect(module.wrote('stderr')).toBe(
    `muster: ${40_000 * 100 - printed} bytes of output were dropped here: they came faster than they could be written\n`,
  );
});

test('a module that heeds what write returns loses nothing', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const code = `export async function main(ctx) {
    for (let n = 0; n < 40_000; n++) if (!process.stdout.write('x'.repeat(99) + '\\n')) await new Promise((go) => process.stdout.once('drain', go));
    await ctx.run();
  }`;
  const module = await realm.start('flood', code);
  await module.says('ready');
  await module.stop();
  expect(module.wrote().length).toBe(40_000 * 100);
});

test('a module that is abandoned is over at once; what it does later harms nobody', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const stays = await realm.start('stays', waits);
  const code = `export async function main(ctx) {
    process.on('exit', () => console.log('exit'));
    setInterval(() => console.log('still'), 5);
    ctx.onShutdown(() => new Promise(() => {
      setTimeout(() => { throw new Error('late'); }, 10);
    }));
    await ctx.run();
  }`;
  const module = await realm.start('module', code);
  await module.says('ready');
  module.send({ type: 'stop' });
  realm.post({ type: 'abandon', id: module.id });
  expect(await module.settled).toMatchObject({ reason: 'terminated', thrown: null });
  await new Promise((go) => setTimeout(go, 30));
  expect(await stays.stop()).toMatchObject({ reason: 'stopped' });
  expect(realm.heard.filter(({ type }) => type === 'settled')).toHaveLength(2);
  expect(module.wrote()).not.toContain('exit');
});

test('timers that a module leaves behind end with it', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const stays = await realm.start('stays', waits);
  const code = `import { setInterval as again } from 'node:timers';
    import { promisify } from 'node:util';
    export async function main(ctx, [mark]) {
      globalThis[mark] = 0;
      const count = () => { globalThis[mark] += 1; };
      setInterval(count, 1);
      again(count, 1);
      const loop = () => { count(); setTimeout(loop, 1); };
      loop();
      const soon = () => { count(); setImmediate(soon); };
      soon();
      await promisify(setTimeout)(2);
      const cleared = setTimeout(() => { throw new Error('cleared'); }, 1);
      clearTimeout(cleared);
      await new Promise((go, _, given = setTimeout(go, 3, 'given')) => given.unref().ref());
      await ctx.run();
    }`;
  const reads = `export async function main(ctx, [mark]) {
    const before = globalThis[mark];
    await new Promise((go) => setTimeout(go, 20));
    console.log(before > 3, globalThis[mark] - before);
    await ctx.run();
  }`;
  const left = await realm.start('left', code, { args: ['mark'] });
  await left.says('ready');
  await left.stop();
  const reader = await realm.start('reader', reads, { args: ['mark'] });
  await reader.says('ready');
  await reader.stop();
  expect(reader.wrote()).toBe('true 0\n');
  expect(await stays.stop()).toMatchObject({ reason: 'stopped' });
});
