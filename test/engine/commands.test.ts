import { describe, expect, test } from 'vitest';
import { reload, restart } from '../../src/engine/commands.ts';
import { load } from '../../src/engine/load.ts';
import { remove } from '../../src/engine/remove.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import { createEngineBench, module } from './bench.ts';

const byHand = { args: [], cwd: '/' };
const said = ({ changes }: Plan | Result) => changes.map(({ name, action, reason }) => `${action} ${name}: ${reason.text}`);

describe('load', () => {
  test('what a declared module requires is taken along, in order, and marked', async () => {
    const bench = await createEngineBench([]);
    bench.files.modules = [
      module('base', { provides: ['store'] }),
      module('mid', { requires: ['store'] }),
      module('top', { requires: ['mid'] }),
      module('other'),
    ];
    const result = await load({ target: 'top', ...byHand }, {}, bench.engine.context);
    expect(said(result)).toEqual([
      'load base: required by mid',
      'load mid: required by top',
      expect.stringMatching(/^load top: declared at/),
    ]);
    expect(bench.running()).toEqual(['base', 'mid', 'top']);
    expect(bench.engine.context.ports.instances.get('base')?.origin).toBe('config');
  });

  test('of two providers the one that the config says comes along', async () => {
    const bench = await createEngineBench([]);
    bench.files.modules = [
      module('one', { provides: ['store'] }),
      module('two', { provides: ['store'] }),
      module('top', { requires: ['store'] }),
    ];
    bench.files.alternatives = new Map([['store', 'two']]);
    await load({ target: 'top', ...byHand }, {}, bench.engine.context);
    expect(bench.running()).toEqual(['top', 'two']);
  });

  test('a module by hand takes the service along that is to load it', async () => {
    const bench = await createEngineBench([]);
    bench.files.modules = [module('gateway')];
    const result = await load({ target: 'status', name: 'gateway.status', service: 'gateway', ...byHand }, {}, bench.engine.context);
    expect(said(result)).toEqual(['load gateway: required by gateway.status', 'load gateway.status: asked for']);
    const { instances } = bench.engine.context.ports;
    expect(instances.view('gateway.status')).toMatchObject({ service: 'gateway', origin: 'manual', requires: ['gateway'] });
    expect(instances.get('gateway')?.origin).toBe('config');
  });

  test('a service that is neither declared nor loaded is named, and nothing is loaded', async () => {
    const bench = await createEngineBench([]);
    const wanted = load({ target: 'status', name: 'gateway.status', service: 'gateway', ...byHand }, {}, bench.engine.context);
    await expect(wanted).rejects.toMatchObject({ code: 'ENOSYS', message: expect.stringContaining('gateway') });
    expect(bench.running()).toEqual([]);
  });
});

describe('remove', () => {
  test('of a service that has loaded modules is refused, naming them; recursive they go first', async () => {
    const bench = await createEngineBench([
      module('gateway'),
      module('gateway.a', { service: 'gateway' }),
      module('gateway.b', { service: 'gateway' }),
    ]);
    const { context } = bench.engine;
    await expect(remove({ names: ['gateway'] }, {}, context)).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringMatching(/gateway\.a.*gateway\.b/),
    });
    expect(bench.running()).toEqual(['gateway', 'gateway.a', 'gateway.b']);
    const result = await remove({ names: ['gateway'], recursive: true }, {}, context);
    expect(result.changes.map(({ name }) => name)).toEqual(['gateway.a', 'gateway.b', 'gateway']);
    expect(bench.running()).toEqual([]);
  });

  test('of a module whose service others require names those', async () => {
    const bench = await createEngineBench([module('store', { provides: ['db'] }), module('web', { requires: ['db'] })]);
    await expect(remove({ names: ['store'] }, {}, bench.engine.context)).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringContaining('web'),
    });
  });

  test('what only the removed one needed and was loaded by hand is offered', async () => {
    const bench = await createEngineBench([]);
    const { context } = bench.engine;
    await load({ target: 'gateway', ...byHand }, {}, context);
    await load({ target: 'status', name: 'gateway.status', service: 'gateway', ...byHand }, {}, context);
    const plan = await remove({ names: ['gateway.status'] }, { dryRun: true }, context);
    expect(plan.unmanaged).toMatchObject([{ name: 'gateway', reason: { code: 'unneeded' } }]);
  });
});

describe('while a run is under way', () => {
  /** A run that is loading `web`, which requires `db`; it takes 50 ms. */
  async function loading() {
    const bench = await createEngineBench([module('db')], ({ name }) => (name === 'web' ? { readyAfter: 50 } : {}));
    bench.files.modules = [module('db'), module('web', { requires: ['db'] })];
    const run = bench.engine.runs.request({ key: 'plain', trigger: 'reload', options: { reason: null, request: {} } });
    await bench.clock.advance(10);
    return { ...bench, run };
  }

  test('what is just being loaded is a dependent already', async () => {
    const { engine, clock, running, run } = await loading();
    await expect(remove({ names: ['db'] }, {}, engine.context)).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringContaining('web'),
    });
    const removal = remove({ names: ['db'], recursive: true }, {}, engine.context);
    await clock.advance(100);
    await Promise.all([run, removal]);
    expect(running()).toEqual([]);
    expect([...engine.context.ports.instances.snapshot().keys()]).toEqual([]);
  });

  test('what is being removed is nothing to be loaded for', async () => {
    const bench = await createEngineBench([module('db')], ({ name }) => (name === 'db' ? { stopAfter: 50 } : {}));
    const { engine, clock, files, running } = bench;
    const removal = remove({ names: ['db'] }, {}, engine.context);
    await clock.advance(10);
    files.modules = [module('db'), module('web', { requires: ['db'] })];
    const loaded = load({ target: 'web', ...byHand }, {}, engine.context);
    await clock.advance(100);
    await removal;
    expect((await loaded).changes).toMatchObject([
      { name: 'web', status: 'skipped', error: { message: expect.stringContaining('requires db') } },
    ]);
    expect(running()).toEqual([]);
  });

  test('a command that has waited for it goes by what is there and declared afterwards', async () => {
    const bench = await createEngineBench([module('a', { args: ['old'] })], () => ({ stopAfter: 20 }));
    const { engine, clock, files, running } = bench;
    const again = { key: 'plain', trigger: 'reload', options: { reason: null, request: { allowEmpty: true } } };
    files.modules = [module('a', { args: ['new'] })];
    const edit = engine.runs.request(again);
    await clock.advance(1);
    files.modules = [module('a', { args: ['newest'] })];
    const reloaded = reload({ name: 'a' }, {}, engine.context);
    files.modules = [module('a', { args: ['last'] })];
    await clock.advance(100);
    await Promise.all([edit, reloaded]);
    expect(running()).toEqual(['a last']);
    files.modules = [];
    const emptied = engine.runs.request(again);
    await clock.advance(1);
    const late = expect(reload({ name: 'a' }, {}, engine.context)).rejects.toMatchObject({ code: 'ENOENT' });
    await clock.advance(100);
    await emptied;
    await late;
    expect(running()).toEqual([]);
  });
});

test('a command waits so long for all of its names together, and then says for which', async () => {
  const bench = await createEngineBench([module('a'), module('b')]);
  const { engine, clock } = bench;
  const { claims } = engine.context;
  const [first, second] = [claims.take('a', 'load'), claims.take('b', 'remove')];
  let over = false;
  const waiting = restart({ names: ['a', 'b'] }, { lockTimeout: 500 }, engine.context).finally(() => (over = true));
  const outcome = expect(waiting).rejects.toMatchObject({ code: 'EALREADY', message: 'b: remove is still in progress after 500 ms' });
  await clock.advance(400);
  first.release();
  await clock.advance(99);
  expect(over).toBe(false);
  await clock.advance(1);
  await outcome;
  second.release();
  expect(claims.isFree()).toBe(true);
});

describe('reload NAME', () => {
  test('puts what a service has loaded back after it', async () => {
    const bench = await createEngineBench([module('gateway'), module('gateway.a', { service: 'gateway' })]);
    const result = await reload({ name: 'gateway' }, {}, bench.engine.context);
    expect(result.changes.map(({ name, action }) => `${action} ${name}`)).toEqual(['reload gateway', 'reload gateway.a']);
    expect(bench.driver.starts.map(({ name }) => name)).toEqual(['gateway', 'gateway.a', 'gateway', 'gateway.a']);
  });

  test('is refused where the state cannot be saved, and goes on without by force', async () => {
    const bench = await createEngineBench([module('a')], (_, nth) => (nth === 0 ? { refuseSave: 'not now' } : {}));
    const { context } = bench.engine;
    expect(await reload({ name: 'a' }, {}, context)).toMatchObject({ exitCode: 4, changes: [{ status: 'reverted' }] });
    expect(await reload({ name: 'a', force: true }, {}, context)).toMatchObject({ exitCode: 0, changes: [{ status: 'ok' }] });
  });

  test('of a module by hand takes its code as it is now', async () => {
    const bench = await createEngineBench([]);
    const { context } = bench.engine;
    await load({ target: 'h', ...byHand }, {}, context);
    bench.files.code = { h: 'new' };
    await reload({ name: 'h' }, {}, context);
    expect(context.ports.instances.get('h')).toMatchObject({ codeDigest: 'new', origin: 'manual' });
    bench.files.code = { h: 'broken' };
    await expect(reload({ name: 'h' }, {}, context)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(bench.running()).toEqual(['h']);
  });
});
