import { describe, expect, test } from 'vitest';
import { openRealm, realmFile, type TestModule, type TestRealm } from './realm.ts';

const gateway = 'export async function main(ctx) { ctx.hostModules(); await ctx.run(); }';
const guest = "export async function main(ctx, args) { console.log('hello', args, ctx.config, process.argv.slice(2)); await ctx.run(); }";
const load = (realm: TestRealm, host: TestModule, { start: { name, path, args, config } }: TestModule): Promise<unknown> =>
  realm.ask(host, 'load', { name, path, args, config });

describe.for([{ shared: false }, { shared: true }])('a module that hosts others (shared: $shared)', ({ shared }) => {
  test('loads what muster announced, lists it and removes it', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start('gateway', gateway);
    await host.says('ready');
    const status = await realm.start('gateway.status', guest, { hosted: true, args: ['x'], config: { n: 1 } });
    const other = await realm.start('gateway.other', guest, { hosted: true });
    expect(await realm.ask(host, 'list')).toEqual([]);
    await Promise.all([load(realm, host, status), load(realm, host, other)]);
    expect(await realm.ask(host, 'list')).toEqual([
      { name: 'gateway.other', state: 'R' },
      { name: 'gateway.status', state: 'R' },
    ]);
    expect(status.said()).toEqual([{ type: 'ready' }]);
    expect(status.wrote()).toBe("hello [ 'x' ] { n: 1 } [ 'x' ]\n");
    await realm.ask(host, 'remove', { name: 'gateway.status' });
    expect(await status.settled).toMatchObject({ reason: 'stopped by its service gateway', thrown: null, fault: 'another' });
    expect(await realm.ask(host, 'list')).toEqual([{ name: 'gateway.other', state: 'R' }]);
  });

  test('says what it cannot load or remove', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start('gateway', gateway);
    await host.says('ready');
    await expect(realm.ask(host, 'load', { name: 'gateway.none' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(realm.ask(host, 'remove', { name: 'gateway.none' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(realm.ask(host, 'load')).rejects.toMatchObject({ code: 'EINVAL' });
    const bad = await realm.start('gateway.bad', "export async function main() { throw new Error('no good'); }", { hosted: true });
    await expect(load(realm, host, bad)).rejects.toMatchObject({ code: 'EFAILED', message: 'no good' });
    expect(await bad.settled).toMatchObject({ reason: 'threw: no good' });
    const early = await realm.start('gateway.early', 'export async function main() {}', { hosted: true });
    await expect(load(realm, host, early)).rejects.toThrow('"gateway.early" ended before it was running: main returned');
    const good = await realm.start('gateway.good', guest, { hosted: true });
    await load(realm, host, good);
    await expect(load(realm, host, good)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test('stops what it hosts before it stops itself', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start(
      'gateway',
      "export async function main(ctx) { ctx.hostModules(); ctx.onShutdown(() => ctx.status('info', 'host')); await ctx.run(); }",
    );
    await host.says('ready');
    const code = "export async function main(ctx) { ctx.onShutdown(() => ctx.status('info', 'guest')); await ctx.run(); }";
    const status = await realm.start('gateway.status', code, { hosted: true });
    await load(realm, host, status);
    expect(await host.stop()).toMatchObject({ reason: 'stopped' });
    const order = realm.heard.flatMap((one) => {
      if (one.type === 'settled') return [`${one.id === host.id ? 'host' : 'guest'} settled`];
      return one.type === 'fromModule' && one.message.type === 'status' ? [one.message.message] : [];
    });
    expect(order).toEqual(['guest', 'guest settled', 'host', 'host settled']);
  });

  test('takes what it hosts with it when it throws', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start(
      'gateway',
      "export async function main(ctx) { ctx.hostModules(); ctx.handle('fail', () => { setTimeout(() => { throw new Error('host fails'); }); }); await ctx.run(); }",
    );
    await host.says('ready');
    const status = await realm.start('gateway.status', guest, { hosted: true });
    await load(realm, host, status);
    await realm.ask(host, 'fail');
    const reason = '"gateway", which had loaded it, has ended: threw: host fails';
    expect(await status.settled).toMatchObject({ reason, thrown: { message: reason } });
    expect(await host.settled).toMatchObject({ reason: 'threw: host fails' });
  });

  test('outlives a guest that throws', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start('gateway', gateway);
    await host.says('ready');
    const code = "export async function main(ctx) { setTimeout(() => { throw new Error('guest fails'); }, 5); await ctx.run(); }";
    const status = await realm.start('gateway.status', code, { hosted: true });
    await load(realm, host, status);
    expect(await status.settled).toMatchObject({ reason: 'threw: guest fails' });
    expect(await realm.ask(host, 'list')).toEqual([]);
    const exits = await realm.start(
      'gateway.exits',
      'export async function main(ctx) { setTimeout(() => process.exit(2), 5); await ctx.run(); }',
      { hosted: true },
    );
    await load(realm, host, exits);
    expect(await exits.settled).toMatchObject({ reason: 'exited with code 2' });
    expect(await host.stop()).toMatchObject({ reason: 'stopped' });
  });

  test('may have functions of its own, which can call those that it is given', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      const loads = [];
      const host = ctx.hostModules({ load: async (module) => { loads.push(module.name); await host.load({ ...module, config: { ...module.config, more: true } }); return 'loaded'; } });
      ctx.handle('list', () => [loads, host.list()]);
      await ctx.run();
    }`;
    const host = await realm.start('gateway', code);
    await host.says('ready');
    const status = await realm.start('gateway.status', guest, { hosted: true, config: { n: 1 } });
    expect(await load(realm, host, status)).toBe('loaded');
    expect(await realm.ask(host, 'list')).toEqual([['gateway.status'], [{ name: 'gateway.status', state: 'R' }]]);
    expect(status.wrote()).toBe('hello [] { n: 1, more: true } []\n');
  });

  test('forgets what was announced and is not wanted any more', async () => {
    const realm = openRealm(realmFile, { shared });
    const host = await realm.start('gateway', gateway);
    await host.says('ready');
    const [one, two, three] = [
      await realm.start('gateway.one', guest, { hosted: true }),
      await realm.start('gateway.two', guest, { hosted: true }),
      await realm.start('gateway.three', guest, { hosted: true }),
    ];
    expect(await one.stop()).toMatchObject({ reason: 'stopped' });
    realm.post({ type: 'abandon', id: two.id });
    expect(await two.settled).toMatchObject({ reason: 'terminated' });
    three.send({ type: 'rename', name: 'gateway.third' });
    await realm.ask(host, 'remove', { name: 'gateway.third' });
    expect(await three.settled).toMatchObject({ reason: 'stopped' });
    await expect(load(realm, host, one)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('a host that had its thread alone stays the owner of its streams', async () => {
  const realm = openRealm(realmFile);
  const code = `export async function main(ctx) {
    ctx.hostModules();
    ctx.handle('say', () => { console.log('host', process.env.WHO, process.argv.length); });
    await ctx.run();
  }`;
  const host = await realm.start('gateway', code, { env: { WHO: 'me' } });
  await host.says('ready');
  const status = await realm.start(
    'gateway.status',
    "export async function main(ctx) { console.log('guest', process.env.WHO); await ctx.run(); }",
    { hosted: true },
  );
  await load(realm, host, status);
  await realm.ask(host, 'say');
  expect(status.wrote()).toBe('guest undefined\n');
  await host.stop();
  expect(await realm.exited).toEqual({ code: 0, error: null });
  expect(realm.thread()).toBe('host me 2\n');
});
