import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type Member, refusal, type World } from './setting.ts';

let world: World;
let one: Member;
let two: Member;
beforeEach(() => {
  world = createWorld();
  one = world.join(world.realm(), 'one');
  two = world.join(world.realm(), 'two');
});
afterEach(() => world[Symbol.dispose]());

test('requests to a registered service reach its module, under both names', async () => {
  one.bus.handle('hello', ({ topic, method }) => [topic, method]);
  await one.bus.register('abc');
  expect(await two.bus.request('abc.hello')).toEqual(['abc.hello', 'hello']);
  expect(await two.bus.request('one.hello')).toEqual(['one.hello', 'hello']);
});

test('a service that another one holds is refused', async () => {
  await one.bus.register('abc');
  expect(await refusal(two.bus.register('abc'))).toEqual({ code: 'EEXIST', message: 'abc is held by one' });
  world.services.delete('abc');
  await two.bus.register('abc');
});

test('its own name and what it has registered already it has', async () => {
  await one.bus.register('one');
  const first = one.bus.register('abc');
  expect(one.bus.register('abc')).toBe(first);
  await first;
  await one.bus.register('abc');
  expect(one.realm.posted.filter(({ type }) => type === 'register')).toHaveLength(1);
});

test('a name that is none is refused without asking', async () => {
  const register = one.bus.register.bind(one.bus) as (service: unknown) => Promise<void>;
  for (const service of ['', 'a b', 'muster', 'a..b', 7]) expect((await refusal(register(service))).code).toBe('EINVAL');
  expect(one.realm.posted).toEqual([]);
});

test('settled waits for what is under way, and rejects with what that fails with', async () => {
  await one.bus.settled();
  let registered = false;
  void one.bus.register('abc').then(() => {
    registered = true;
  });
  await one.bus.settled();
  expect(registered).toBe(true);
  const refused = refusal(two.bus.register('abc'));
  expect((await refusal(two.bus.settled())).code).toBe('EEXIST');
  await refused;
  await two.bus.settled();
});
