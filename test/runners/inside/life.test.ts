import { deserialize, serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { stateLimit } from '../../../src/runners/inside/state.ts';
import { openRealm, realmFile } from './realm.ts';

/** The same whether a module is alone in its thread or one of several. */
describe.for([{ shared: false }, { shared: true }])('a module (shared: $shared)', ({ shared }) => {
  test('is told to stop: shutdown functions, last first, then the signal, then run() resolves, then what was begun is answered', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      const order = [];
      ctx.handle('slow', async () => { await new Promise((go) => setTimeout(go, 20)); order.push('answered'); return order; });
      ctx.onShutdown(() => order.push('first'));
      ctx.onShutdown(async () => { await null; order.push('second', ctx.signal.aborted); });
      ctx.signal.addEventListener('abort', () => order.push('aborted'));
      await ctx.run();
      order.push('returns');
    }`;
    const module = await realm.start('module', code);
    await module.says('ready');
    const answer = realm.ask(module, 'slow');
    module.send({ type: 'stop' });
    expect(await answer).toEqual(['second', false, 'first', 'aborted', 'returns', 'answered']);
    expect(await module.settled).toMatchObject({ reason: 'stopped', thrown: null });
    expect(module.said().map(({ type }) => type)).toEqual(['ready']);
  });

  test('that returns by itself finalizes, and says so', async () => {
    const realm = openRealm(realmFile, { shared });
    const module = await realm.start(
      'module',
      "export async function main(ctx) { ctx.onShutdown(() => ctx.status('info', 'bye')); ctx.ready(); }",
    );
    expect(await module.settled).toMatchObject({ reason: 'main returned', thrown: null });
    expect(module.said().map(({ type }) => type)).toEqual(['ready', 'finalizing', 'status']);
  });

  test('that ended by an error does not become ready, though its code goes on for a moment', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      Promise.reject(new Error('nobody waits for this'));
      try { await ctx.request('nobody.there'); } catch {}
      await ctx.run();
    }`;
    const module = await realm.start('module', code);
    expect(await module.settled).toMatchObject({ reason: 'threw: nobody waits for this' });
    expect(module.said()).toEqual([]);
  });

  test('that is asked to shut down does so by its own will', async () => {
    const realm = openRealm(realmFile, { shared });
    const module = await realm.start('module', 'export async function main(ctx) { await ctx.run(); }');
    await module.says('ready');
    await realm.ask(module, 'shutdown');
    expect(await module.settled).toMatchObject({ reason: 'shut down', thrown: null });
    expect(module.said().map(({ type }) => type)).toEqual(['ready', 'finalizing']);
  });

  test('takes a changed config, or keeps the old one', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      ctx.onReconfigure((config) => { if (config.n === 2) throw new Error('two is bad'); });
      ctx.handle('config', () => [ctx.config, Object.isFrozen(ctx.config)]);
      await ctx.run();
    }`;
    const module = await realm.start('module', code, { config: { n: 0 } });
    await module.says('reconfigurable');
    module.send({ type: 'reconfigure', call: 1, config: { n: 1 } });
    expect(await module.says('reconfigured', 1)).toMatchObject({ thrown: null });
    module.send({ type: 'reconfigure', call: 2, config: { n: 2 } });
    expect(await module.says('reconfigured', 2)).toMatchObject({ thrown: { message: 'two is bad' } });
    expect(await realm.ask(module, 'config')).toEqual([{ n: 1 }, true]);
  });

  test('hands over its state after what it has begun, and has what the last one saved', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      let count = ctx.restored?.count ?? 0;
      ctx.handle('add', async () => { await new Promise((go) => setTimeout(go, 20)); count += 1; return count; });
      ctx.onSave(() => ({ count, at: new Date(5), set: new Set([1]) }));
      await ctx.run();
    }`;
    const module = await realm.start('module', code, { restored: new Uint8Array(serialize({ count: 7 })) });
    await module.says('ready');
    const answer = realm.ask(module, 'add');
    module.send({ type: 'save', call: 1 });
    const { state, thrown } = await module.says('saved');
    expect(thrown).toBeNull();
    expect(deserialize(state ?? new Uint8Array())).toEqual({ count: 8, at: new Date(5), set: new Set([1]) });
    expect(await answer).toBe(8);
    await expect(realm.ask(module, 'add')).rejects.toThrow('moved');
    module.send({ type: 'resume' });
    expect(await realm.ask(module, 'add')).toBe(9);
  });

  test('that has nothing to save says so at once, whatever it is busy with', async () => {
    const realm = openRealm(realmFile, { shared });
    const module = await realm.start(
      'module',
      "export async function main(ctx) { ctx.handle('never', () => new Promise(() => {})); await ctx.run(); }",
    );
    await module.says('ready');
    void realm.ask(module, 'never').catch(() => {});
    module.send({ type: 'save', call: 1 });
    expect(await module.says('saved')).toMatchObject({ state: null, thrown: null });
  });

  test('whose state cannot be had serves on', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      const states = [() => { throw new Error('not now'); }, () => () => {}, () => new Uint8Array(${stateLimit}), () => undefined];
      ctx.onSave(() => states.shift()());
      ctx.handle('left', () => states.length);
      await ctx.run();
    }`;
    const module = await realm.start('module', code);
    await module.says('ready');
    const save = (call: number) => {
      module.send({ type: 'save', call });
      return module.says('saved', call);
    };
    expect(await save(1)).toMatchObject({ state: null, thrown: { code: 'EFAILED', message: 'not now' } });
    expect(await save(2)).toMatchObject({ thrown: { code: 'EINVAL', message: expect.stringContaining('no plain data') } });
    expect(await save(3)).toMatchObject({
      thrown: { code: 'E2BIG', message: expect.stringMatching(/1677\d{4} bytes long; at most 16777216/) },
    });
    expect(await realm.ask(module, 'left')).toBe(1);
    expect(await save(4)).toMatchObject({ state: null, thrown: null });
  });

  test('that is told to go on while it still finishes requests is not asked for its state any more', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      let saves = 0;
      let finish;
      ctx.handle('slow', () => new Promise((go) => { finish = go; }));
      ctx.handle('finish', () => finish());
      ctx.handle('saves', () => saves);
      ctx.onSave(() => { saves += 1; });
      await ctx.run();
    }`;
    const module = await realm.start('module', code);
    await module.says('ready');
    const slow = realm.ask(module, 'slow');
    module.send({ type: 'save', call: 1 });
    module.send({ type: 'resume' });
    await realm.ask(module, 'finish');
    await slow;
    expect(await realm.ask(module, 'saves')).toBe(0);
    expect(module.said().map(({ type }) => type)).toEqual(['saves', 'ready']);
  });

  test('runs once the services that it registers are its own', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = "export async function main(ctx) { ctx.register('abc'); await ctx.run(); }";
    const module = await realm.start('module', code);
    await module.says('ready');
    const types = realm.heard.map(({ type }) => type);
    expect(types.indexOf('register')).toBeLessThan(types.indexOf('fromModule'));
  });

  test.for([
    ['await ctx.register(name); await ctx.run();'],
    ['ctx.register(name); await ctx.run();'],
    ['ctx.register(name); ctx.ready(); await new Promise(() => {});'],
  ])('fails to load where a service that it registers is taken, and says by whom: %s', async ([code]) => {
    const realm = openRealm(realmFile, { shared, taken: ['abc'] });
    const module = await realm.start('module', `export async function main(ctx, [name]) { ${code} }`, { args: ['abc'] });
    const { reason, thrown } = await module.settled;
    expect(reason).toBe('threw: service "abc" is that of "holder"');
    expect(thrown).toMatchObject({ code: 'EEXIST' });
    expect(module.said()).toEqual([]);
  });

  test('may do without a service that is taken', async () => {
    const realm = openRealm(realmFile, { shared, taken: ['abc'] });
    const code =
      "export async function main(ctx) { try { await ctx.register('abc'); } catch (error) { ctx.status('warn', error.code); } await ctx.run(); }";
    const module = await realm.start('module', code);
    await module.says('ready');
    expect(await module.says('status')).toMatchObject({ message: 'EEXIST' });
  });

  test('says that it runs before it does what takes for ever', async () => {
    const realm = openRealm(realmFile, { shared });
    const module = await realm.start('module', 'export async function main(ctx) { ctx.ready(); for (;;); }');
    await module.says('ready');
  });

  test('whose handler of an event throws ends with that error', async () => {
    const realm = openRealm(realmFile, { shared });
    const code =
      "export async function main(ctx) { ctx.subscribe('a.*', ({ payload }) => { throw new Error(payload); }); await ctx.run(); }";
    const module = await realm.start('module', code);
    await module.says('ready');
    realm.post({ type: 'events', events: [[9, 'a.b', 'bad event', 'other']] });
    const { reason, thrown } = await module.settled;
    expect(reason).toBe('threw: bad event');
    expect(thrown?.stack).toContain(`${realm.folder}/module.ts:1:`);
  });

  test('that misuses its Context hears of it where it does', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      const tries = [() => ctx.status({ f() {} }, 'x'), () => ctx.onSave(), () => ctx.onShutdown(1), () => ctx.onReconfigure(null)];
      ctx.handle('codes', () => tries.map((fn) => { try { fn(); return null; } catch (error) { return error.code; } }));
      ctx.handle('throws', () => { process.nextTick(() => { throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } }; }); });
      await ctx.run();
    }`;
    const module = await realm.start('module', code);
    await module.says('ready');
    expect(await realm.ask(module, 'codes')).toEqual(['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL']);
    await realm.ask(module, 'throws');
    expect(await module.settled).toMatchObject({ reason: 'threw: something that cannot be shown' });
  });

  test('gets a Context that is frozen and whose members can be taken out of it', async () => {
    const realm = openRealm(realmFile, { shared });
    const code = `export async function main(ctx) {
      const { name, args, config, env, log, signal, rank, handle, debugFlags, restored, status, run } = ctx;
      handle('all', () => [name, args, config, env, rank, debugFlags, restored, signal.aborted, Object.isFrozen(ctx), Object.isFrozen(log)]);
      status('info', 'fine');
      await run();
    }`;
    const module = await realm.start('module', code, { args: ['x'], env: { A: 'a' }, config: { c: 1 } });
    await module.says('ready');
    expect(await realm.ask(module, 'all')).toEqual(['module', ['x'], { c: 1 }, { A: 'a' }, 0, 0, undefined, false, true, true]);
  });
});

test('two versions of one file run beside each other, and each shows its own lines', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const old = await realm.start(
    'module',
    "export async function main(ctx) { ctx.handle('bad', () => { throw new Error('old'); }); ctx.handle('stack', () => new Error('old').stack); await ctx.run(); }",
  );
  await old.says('ready');
  const code = `// A line more.
interface Unused { a: string }

export async function main(ctx: any): Promise<void> {
  ctx.handle('stack', () => new Error('new').stack);
  await ctx.run();
}`;
  const fresh = await realm.start('module', code);
  await fresh.says('ready');
  expect(await realm.ask(old, 'stack')).toContain(`${realm.folder}/module.ts:1:`);
  expect(await realm.ask(fresh, 'stack')).toContain(`${realm.folder}/module.ts:5:29`);
  await old.stop();
  expect(await realm.ask(fresh, 'stack')).toContain(`${realm.folder}/module.ts:5:29`);
});
