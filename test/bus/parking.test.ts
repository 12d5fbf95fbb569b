import { expect, it } from 'vitest';
import { listener, setting, turn } from './setting.ts';

it('keeps lookups of a module that is being replaced until its next instance is there', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const old = main.attach('m');
  old.ready();
  bus.park('m');
  const route = main.resolve(asker.address, 'm');
  old.finalizing();
  old.ended();
  await turn();
  expect(main.of('route')).toEqual([]);
  expect(bus.waiting('m')).toBe(1);
  const next = main.attach('m');
  expect(await route).toEqual({ service: 'm', address: next.address });
  expect(bus.waiting('m')).toBe(0);
});

it('waits until the next instance runs where the old one is still there', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const old = main.attach('m');
  old.ready();
  bus.park('m');
  const route = main.resolve(asker.address, 'm');
  const next = main.attach('m');
  await turn();
  expect(main.of('route')).toEqual([]);
  next.ready();
  expect(await route).toMatchObject({ address: next.address });
});

it('goes back to the old instance where the replacement failed', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const old = main.attach('m');
  old.ready();
  bus.park('m');
  const route = main.resolve(asker.address, 'm');
  const next = main.attach('m');
  next.ended();
  bus.unpark('m');
  expect(await route).toMatchObject({ address: old.address });
});

it('tells what waits for a module how it is when nothing came of the replacement', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const old = main.attach('m');
  old.ready();
  bus.park('m');
  old.ended();
  const [one, two] = [main.resolve(asker.address, 'm'), main.resolve(asker.address, 'm.deeper')];
  bus.absent('m', 'exited');
  bus.unpark('m');
  expect(await one).toMatchObject({ error: { code: 'ENOSYS', message: 'nobody serves m: "m" has ended' } });
  expect(await two).toMatchObject({ error: { code: 'ENOSYS' } });
});

it('answers EHOSTUNREACH, also for its services, while a module waits for its restart', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const module = main.attach('m');
  await main.register(module.address, 'abc');
  module.ready();
  module.ended();
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'EHOSTUNREACH' } });
  bus.absent('m', 'backingOff');
  for (const prefix of ['m', 'm.x', 'abc', 'abc.x']) {
    expect(await main.resolve(asker.address, prefix), prefix).toMatchObject({ error: { code: 'EHOSTUNREACH' } });
  }
  const again = main.attach('m');
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ address: again.address });
  expect(await main.resolve(asker.address, 'abc')).toMatchObject({ error: { code: 'ENOSYS' } });
});

it('answers ENOSYS once a module is told to stop, has ended as it should, or is removed', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  const module = main.attach('m');
  module.ready();
  module.finalizing();
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'ENOSYS' } });
  module.ended();
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'ENOSYS' } });
  bus.absent('m', 'exited');
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'ENOSYS' } });
  bus.absent('m', 'removed');
  expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'ENOSYS', message: 'nobody serves m' } });
});

it('tells runners that know an instance when it is gone, and whom it asked that it is', async () => {
  const { runner } = setting();
  const [one, two] = [runner(), runner()];
  const asker = one.attach('asker');
  const server = two.attach('server');
  server.ready();
  await one.resolve(asker.address, 'server');
  asker.ended();
  await turn();
  expect(two.packets()).toEqual([['disconnect', server.address, asker.address, 'asker']]);
  const other = one.attach('other');
  await one.resolve(other.address, 'server');
  two.link.close();
  await turn();
  expect(one.of('gone')).toEqual([{ type: 'gone', address: server.address, name: 'server' }]);
  expect(await one.resolve(other.address, 'server')).toMatchObject({ error: { code: 'EHOSTUNREACH' } });
});

it('sends requests back that still come for an instance that is stopping, and so may not be read any more', async () => {
  const { runner } = setting();
  const [main, side] = [runner(), runner()];
  const asker = main.attach('asker');
  const old = side.attach('m');
  old.ready();
  old.finalizing();
  main.say({ type: 'packets', packets: [['request', old.address, asker.address, 1, 'm', 'm.x', 'payload', 'asker']] });
  await turn();
  expect(side.packets()).toEqual([]);
  expect(main.packets()).toEqual([['moved', asker.address, old.address, 1, 'm.x', 'payload']]);
});

it('keeps lookups and requests until the realm of a module has taken it up', async () => {
  const { bus, runner } = setting();
  const [main, side] = [runner(), runner()];
  const asker = main.attach('asker');
  const module = side.attach('m', { asleep: true });
  const route = main.resolve(asker.address, 'm');
  const client = bus.client();
  client.ask('m.x', 'payload', listener());
  main.say({ type: 'packets', packets: [['request', module.address, asker.address, 1, 'm', 'm.x', 'guessed', 'asker']] });
  await turn();
  expect([main.of('route'), side.packets(), bus.waiting('m')]).toEqual([[], [], 2]);
  expect(main.packets()).toEqual([['moved', asker.address, module.address, 1, 'm.x', 'guessed']]);
  module.begun();
  expect(await route).toEqual({ service: 'm', address: module.address });
  expect(side.packets()).toMatchObject([['request', module.address, -1, expect.any(Number), 'm', 'm.x', 'payload', 'client']]);
  expect(bus.waiting('m')).toBe(0);
});

it('keeps lookups of a module that is on its way to a runner, and answers as before where it does not arrive', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker');
  for (const arrives of [false, true]) {
    const arrived = bus.expect('m');
    const route = main.resolve(asker.address, 'm.x');
    await turn();
    expect(bus.waiting('m')).toBe(1);
    const module = arrives ? main.attach('m', { asleep: true }) : null;
    arrived();
    module?.begun();
    expect(await route).toMatchObject(module === null ? { error: { code: 'ENOSYS' } } : { service: 'm', address: module.address });
  }
  expect(bus.waiting('m')).toBe(0);
});

it('goes to the service that serves a module itself once that is known', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const gate = main.attach('gate');
  gate.ready();
  bus.absent('gate.page', 'backingOff');
  const page = main.attach('gate.page', { asleep: true });
  const route = main.resolve(gate.address, 'gate.page');
  await turn();
  expect(main.of('route')).toEqual([]);
  page.elsewhere();
  expect(await route).toEqual({ service: 'gate', address: gate.address });
  page.begun();
  expect(await main.resolve(gate.address, 'gate.page')).toEqual({ service: 'gate', address: gate.address });
});

it.for([{ asleep: true }, { asleep: false }])(
  'is unreachable as before where it is started again and ends too early (asleep: $asleep)',
  async ({ asleep }) => {
    const { bus, runner } = setting();
    const main = runner();
    const asker = main.attach('asker');
    bus.absent('m', 'backingOff');
    const again = main.attach('m', { asleep });
    const route = main.resolve(asker.address, 'm');
    again.ended();
    expect(await route).toMatchObject(asleep ? { error: { code: 'EHOSTUNREACH' } } : { address: again.address });
    expect(await main.resolve(asker.address, 'm')).toMatchObject({ error: { code: 'EHOSTUNREACH' } });
  },
);
