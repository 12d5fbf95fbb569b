import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type Member, refusal, settle, type TestRealm, until, type World } from './setting.ts';

let world: World;
let asker: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
});
afterEach(() => world[Symbol.dispose]());

function serve(realm: TestRealm, name: string, answer: unknown): Member {
  const member = world.join(realm, name);
  member.bus.handle('which', () => answer);
  return member;
}

const lookups = () => asker.realm.posted.filter(({ type }) => type === 'resolve').length;

test('a route is looked up once, also for many requests at once', async () => {
  serve(world.realm(), 'x', 1);
  await Promise.all([1, 2, 3].map(() => asker.bus.request('x.which')));
  await asker.bus.request('x.which');
  expect(lookups()).toBe(1);
});

test('another module of the realm goes the same route, and says so', async () => {
  serve(world.realm(), 'x', 1);
  const other = world.join(asker.realm, 'other');
  await asker.bus.request('x.which');
  await other.bus.request('x.which');
  await other.bus.request('x.which');
  const resolves = asker.realm.posted.filter((message) => message.type === 'resolve');
  expect(resolves.map(({ from }) => from)).toEqual([asker.address, other.address]);
});

test('a stale route is looked up anew, those under it too', async () => {
  serve(world.realm(), 'x', 'old');
  expect(await asker.bus.request('x.which')).toBe('old');
  await refusal(asker.bus.request('x.y.which'));
  serve(world.realm(), 'x', 'new');
  expect(await asker.bus.request('x.which')).toBe('old');
  world.stale(['x']);
  expect(await asker.bus.request('x.which')).toBe('new');
  const before = lookups();
  await refusal(asker.bus.request('x.y.which'));
  expect(lookups()).toBe(before + 1);
});

test('a request to a module that is going comes back and is sent to the next one', async () => {
  const old = serve(world.realm(), 'x', 'old');
  expect(await asker.bus.request('x.which')).toBe('old');
  world.park('x');
  old.bus.quiesce();
  const answers = [1, 2, 3].map(() => asker.bus.request('x.which'));
  await settle();
  serve(world.realm(), 'x', 'new');
  world.unpark('x');
  expect(await Promise.all(answers)).toEqual(['new', 'new', 'new']);
  expect(asker.meter.read()).toMatchObject({ tx: { request: 4 }, rx: { response: 4 } });
});

test('requests that come back keep their order, also among younger ones', async () => {
  world.relayed = true;
  const old = serve(world.realm(), 'x', 'old');
  await asker.bus.request('x.which');
  old.bus.quiesce();
  world.park('x');
  const answers = [1, 2, 3].map((n) => asker.bus.request('x.note', n));
  await settle();
  answers.push(asker.bus.request('x.note', 4));
  await settle();
  const order: number[] = [];
  const next = world.join(world.realm(), 'x');
  next.bus.handle('note', ({ payload }) => void order.push(payload));
  world.unpark('x');
  await Promise.all(answers);
  expect(order).toEqual([1, 2, 3, 4]);
});

test('a request that arrives after its module left is not lost', async () => {
  world.relayed = true;
  const realm = world.realm();
  const old = serve(realm, 'x', 'old');
  await asker.bus.request('x.which');
  old.bus.leave();
  const answer = asker.bus.request('x.which');
  serve(realm, 'x', 'new');
  expect(await answer).toBe('new');
});

test('nothing is sent over a port to a module that has left', async () => {
  const realm = world.realm();
  const old = serve(realm, 'x', 'old');
  await asker.bus.request('x.which');
  const before = old.meter.read().queued;
  serve(realm, 'x', 'new');
  world.leave(old);
  expect(await asker.bus.request('x.which')).toBe('new');
  expect(old.meter.read().queued).toBe(before);
});

test('a request that is passed on without end fails with EHOSTUNREACH', async () => {
  const old = serve(world.realm(), 'x', 'old');
  old.bus.quiesce();
  const { code } = await refusal(asker.bus.request('x.which'));
  expect(code).toBe('EHOSTUNREACH');
  expect(lookups()).toBeGreaterThan(10);
});

test('a module that resumes serves what came back meanwhile', async () => {
  const x = serve(world.realm(), 'x', 1);
  x.bus.quiesce();
  const answer = asker.bus.request('x.which');
  await until(() => expect(lookups()).toBeGreaterThan(2));
  x.bus.resume();
  expect(await answer).toBe(1);
});

test('what waits for the answer of a module that is gone fails with EHOSTUNREACH, what it said before counts', async () => {
  const x = world.join(world.realm(), 'x');
  const answers: ((value: number) => void)[] = [];
  x.bus.handle('ask', () => new Promise((resolve) => answers.push(resolve)));
  const first = asker.bus.request('x.ask');
  const second = refusal(asker.bus.request('x.ask'));
  await until(() => expect(answers.length).toBe(2));
  answers[0]?.(1);
  await Promise.resolve();
  await new Promise(process.nextTick);
  world.gone(x);
  expect(await first).toBe(1);
  expect(await second).toEqual({ code: 'EHOSTUNREACH', message: 'x.ask: x is gone' });
});

test('what was not sent yet when a module is gone looks for the next one', async () => {
  const x = world.join(world.realm(), 'x');
  x.bus.handle('ask', () => new Promise(() => {}));
  const sent = Array.from({ length: 1024 }, () => refusal(asker.bus.request('x.ask')));
  await until(() => expect(asker.meter.read().tx.request).toBe(1024));
  const waiting = asker.bus.request('x.ask');
  world.services.delete('x');
  world.join(world.realm(), 'x').bus.handle('ask', () => 'next');
  world.gone(x);
  expect(await waiting).toBe('next');
  expect((await Promise.all(sent)).every(({ code }) => code === 'EHOSTUNREACH')).toBe(true);
});

test('a request through the runner that its module did not get any more is not lost where the module is gone', async () => {
  world.relayed = true;
  const realm = world.realm();
  const old = serve(realm, 'x', 'old');
  expect(await asker.bus.request('x.which')).toBe('old');
  const answer = asker.bus.request('x.which');
  world.leave(old);
  serve(realm, 'x', 'new');
  world.gone(old);
  expect(await answer).toBe('new');
});

test('what a module begun with through the runner did not answer fails with EHOSTUNREACH when it is gone', async () => {
  world.relayed = true;
  const x = world.join(world.realm(), 'x');
  x.bus.handle('ask', () => new Promise(() => {}));
  const answer = refusal(asker.bus.request('x.ask'));
  await until(() => expect(x.meter.read().rx.request).toBe(1));
  world.gone(x);
  expect((await answer).code).toBe('EHOSTUNREACH');
});
