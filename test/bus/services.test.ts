import { expect, it } from 'vitest';
import { setting, turn } from './setting.ts';

it('routes to the module of a name, and to the longest service that a topic begins with', async () => {
  const { runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const gateway = main.attach('gateway');
  expect(await main.resolve(asker.address, 'gateway')).toEqual({ service: 'gateway', address: gateway.address });
  expect(await main.resolve(asker.address, 'gateway.status.deep')).toEqual({ service: 'gateway', address: gateway.address });
  const child = main.attach('gateway.status');
  await turn();
  expect(main.of('stale')).toEqual([{ type: 'stale', prefixes: ['gateway.status.deep'] }]);
  expect(await main.resolve(asker.address, 'gateway.status.deep')).toEqual({ service: 'gateway.status', address: child.address });
  expect(await main.resolve(asker.address, 'gateway.statusx')).toMatchObject({ service: 'gateway' });
});

it('sends requests to the daemon itself where the service is muster', async () => {
  const main = setting().runner();
  expect(await main.resolve(main.attach('asker').address, 'muster')).toEqual({ service: 'muster', address: 0 });
});

it('answers ENOSYS for a service of nobody, with what is there that looks alike', async () => {
  const main = setting().runner();
  const asker = main.attach('asker');
  main.attach('greeter');
  expect(await main.resolve(asker.address, 'greter')).toMatchObject({
    error: { code: 'ENOSYS', message: 'nobody serves greter', hint: 'did you mean greeter?' },
  });
});

it('refuses a service that is taken and names the holder, and gives it free with the module', async () => {
  const { runner } = setting();
  const main = runner();
  const x = main.attach('x');
  const y = main.attach('y');
  expect(await main.register(x.address, 'abc')).toBeNull();
  expect(await main.register(x.address, 'abc')).toBeNull();
  expect(await main.register(y.address, 'abc')).toMatchObject({ code: 'EEXIST', message: 'the service abc is registered by x' });
  expect(() => main.attach('z', { provides: ['abc'] })).toThrowError(expect.objectContaining({ code: 'EEXIST' }));
  expect(() => main.attach('abc')).toThrowError(expect.objectContaining({ code: 'EEXIST', message: 'the service abc is registered by x' }));
  expect(await main.register(y.address, 'x')).toMatchObject({ code: 'EEXIST' });
  x.finalizing();
  x.ended();
  expect(await main.register(y.address, 'abc')).toBeNull();
});

it('refuses what is no name', async () => {
  const main = setting().runner();
  const x = main.attach('x');
  for (const service of ['', 'muster', 'a..b', 'a b', '__proto__', 'all', 'x'.repeat(200)]) {
    expect(await main.register(x.address, service), service).toMatchObject({ code: 'EINVAL' });
  }
});

it('shares a service that several declare: the highest priority has it, and the next takes over when it goes', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const simple = main.attach('schedSimple', { provides: ['sched'], priority: 100 });
  const fancy = main.attach('schedFancy', { provides: ['sched'], priority: 200 });
  simple.ready();
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: simple.address }); // it runs, the other does not yet
  fancy.ready();
  await turn();
  expect(main.of('stale').at(-1)).toEqual({ type: 'stale', prefixes: ['sched'] });
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: fancy.address });
  expect([bus.services('schedSimple'), bus.services('schedFancy')]).toEqual([[], ['sched']]);
  fancy.update({ priority: 50, control: 'none' });
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: simple.address });
  simple.ended();
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: fancy.address });
});

it('gives a shared service to the one that alternatives choose, also when that changes', async () => {
  let choice: string | null = null;
  const { bus, runner } = setting(() => choice);
  const main = runner();
  const asker = main.attach('asker');
  const [a, b] = ['a', 'b'].map((name) => main.attach(name, { provides: ['sched'] }));
  a?.ready();
  b?.ready();
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: a?.address });
  choice = 'b';
  bus.reconsider();
  await turn();
  expect(main.of('stale')).toEqual([{ type: 'stale', prefixes: ['sched'] }]);
  expect(await main.resolve(asker.address, 'sched')).toMatchObject({ address: b?.address });
});

it('passes name and services to the next instance in one step, and frees what that one did not register', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const old = main.attach('m');
  await main.register(old.address, 'kept');
  await main.register(old.address, 'dropped');
  old.ready();
  expect(await main.resolve(asker.address, 'kept')).toMatchObject({ address: old.address });
  const next = main.attach('m');
  expect(await main.register(next.address, 'kept')).toBeNull();
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ address: old.address });
  expect(await main.resolve(asker.address, 'dropped')).toMatchObject({ address: old.address });
  next.ready();
  await turn();
  expect(
    main
      .of('stale')
      .flatMap(({ prefixes }) => prefixes)
      .sort(),
  ).toEqual(['dropped', 'kept', 'm']);
  expect(await main.resolve(asker.address, 'kept')).toMatchObject({ address: next.address });
  expect(await main.resolve(asker.address, 'dropped')).toMatchObject({ error: { code: 'ENOSYS' } });
  expect(bus.services('m')).toEqual(['kept']);
  expect(await main.register(asker.address, 'dropped')).toBeNull();
});

it('keeps the services of a module that is being replaced for its next instance', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const other = main.attach('other');
  const old = main.attach('m');
  await main.register(old.address, 'abc');
  old.ready();
  bus.park('m');
  old.finalizing();
  old.ended();
  expect(await main.register(other.address, 'abc')).toMatchObject({ code: 'EEXIST' });
  bus.unpark('m');
  expect(await main.register(other.address, 'abc')).toBeNull();
});

it('keeps an instance reachable under its new name', async () => {
  const main = setting().runner();
  const asker = main.attach('asker');
  const module = main.attach('before');
  await main.register(module.address, 'abc');
  module.ready();
  await main.resolve(asker.address, 'before');
  module.rename('after');
  await turn();
  expect(main.of('stale')).toEqual([{ type: 'stale', prefixes: ['before'] }]);
  expect(await main.resolve(asker.address, 'after')).toMatchObject({ address: module.address });
  expect(await main.resolve(asker.address, 'abc')).toMatchObject({ address: module.address });
  expect(await main.resolve(asker.address, 'before')).toMatchObject({ error: { code: 'ENOSYS' } });
});
