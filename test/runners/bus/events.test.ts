import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventWindow } from '../../../src/model/bus.ts';
import type { Published } from '../../../src/model/context.ts';
import { createWorld, type Member, settle, until, type World } from './setting.ts';

let world: World;
let publisher: Member;
let listener: Member;
beforeEach(() => {
  world = createWorld();
  publisher = world.join(world.realm(), 'publisher');
  listener = world.join(world.realm(), 'listener');
});
afterEach(() => world[Symbol.dispose]());

function listen(member: Member, glob: string): Published[] {
  const heard: Published[] = [];
  member.bus.subscribe(glob, (event) => void heard.push(event));
  return heard;
}

test('of three subscribers those whose globs match hear an event once', async () => {
  const third = world.join(publisher.realm, 'third');
  const heard = [listen(listener, 'heartbeat.*'), listen(third, '*.tick'), listen(third, 'other.*')];
  await settle();
  publisher.bus.publish('heartbeat.tick', { n: 1 });
  await until(() => expect(heard.map(({ length }) => length)).toEqual([1, 1, 0]));
  expect(heard[0]?.[0]).toEqual({ topic: 'heartbeat.tick', payload: { n: 1 }, from: 'publisher' });
});

test('a star also stands for periods', async () => {
  const heard = listen(listener, 'a.*');
  await settle();
  for (const topic of ['a.b', 'a.b.c', 'b.a', 'ab.c']) publisher.bus.publish(topic);
  await settle();
  expect(heard.map(({ topic }) => topic)).toEqual(['a.b', 'a.b.c']);
});

test('events of one publisher come in order, all of them', async () => {
  const heard = listen(listener, '*');
  await settle();
  for (let n = 0; n < 5000; n++) publisher.bus.publish('a.b', n);
  await until(() => expect(heard.length).toBe(5000));
  expect(heard.map(({ payload }) => payload)).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  expect(publisher.meter.read()).toMatchObject({ tx: { event: 5000 }, dropped: 0 });
  expect(listener.meter.read()).toMatchObject({ rx: { event: 5000 } });
  expect(listener.realm.credits.delivered.read()).toBe(5000);
});

test('beyond the window events are dropped and counted, and come again when there is room', async () => {
  const heard = listen(listener, '*');
  await settle();
  world.holdEvents = true;
  for (let n = 0; n < eventWindow + 10; n++) publisher.bus.publish('a.b', n);
  expect(publisher.meter.read()).toMatchObject({ tx: { event: eventWindow }, dropped: 10 });
  publisher.realm.credits.published.add(1);
  publisher.bus.publish('a.b', 'one more');
  publisher.bus.publish('a.b', 'too many');
  expect(publisher.meter.read().dropped).toBe(11);
  await until(() => expect(heard.at(-1)?.payload).toBe('one more'));
});

test('each subscriber in a realm has a payload of its own', async () => {
  const heard: unknown[] = [];
  const other = world.join(listener.realm, 'other');
  for (const member of [listener, other, other]) {
    member.bus.subscribe('a.b', ({ payload }) => {
      heard.push(structuredClone(payload));
      payload.list.push(1);
    });
  }
  await settle();
  publisher.bus.publish('a.b', { list: [] });
  await until(() => expect(heard).toEqual([{ list: [] }, { list: [] }, { list: [] }]));
  expect(other.meter.read().rx.event).toBe(1);
});

test('an event has the payload that it was published with', async () => {
  const heard = listen(listener, '*');
  await settle();
  const payload = { n: 0 };
  for (payload.n = 1; payload.n <= 3; payload.n++) publisher.bus.publish('a.b', payload);
  await until(() => expect(heard.map((event) => event.payload.n)).toEqual([1, 2, 3]));
});

test('what cannot be cloned, or is too large, is thrown at once and nothing is published', () => {
  const publish = publisher.bus.publish.bind(publisher.bus) as (...args: unknown[]) => void;
  expect(() => publish('a.b', () => {})).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(() => publish('a.b', 'x'.repeat(9_000_000))).toThrow(expect.objectContaining({ code: 'E2BIG' }));
  for (const topic of ['', 'word', 'service.', '.word', 7, null])
    expect(() => publish(topic)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(publisher.meter.read().tx.event).toBe(0);
});

test('a subscriber that throws, or rejects, is a failure of its module; the others hear the event', async () => {
  const failing = world.join(listener.realm, 'failing');
  failing.bus.subscribe('a.b', () => {
    throw new Error('first');
  });
  failing.bus.subscribe('a.b', async () => {
    throw new Error('second');
  });
  const heard = listen(listener, 'a.b');
  await settle();
  publisher.bus.publish('a.b');
  await until(() => expect(failing.failures.map((error) => (error as Error).message)).toEqual(['first', 'second']));
  expect(heard.length).toBe(1);
});

test('after the end of a subscription nothing more comes, also of what was under way', async () => {
  const heard = listen(listener, 'a.*');
  const more: unknown[] = [];
  const end = listener.bus.subscribe('a.*', () => {
    more.push(1);
    end();
  });
  await settle();
  publisher.bus.publish('a.b');
  publisher.bus.publish('a.c');
  await until(() => expect(heard.length).toBe(2));
  expect(more).toEqual([1]);
  end();
});

test('the runner is told the globs of the realm once a turn, and only when they change', async () => {
  const told = () => listener.realm.posted.flatMap((message) => (message.type === 'subscribed' ? [message.globs] : []));
  const ends = ['b.*', 'a.*', 'a.*'].map((glob) => listener.bus.subscribe(glob, () => {}));
  await settle();
  ends[1]?.();
  await settle();
  expect(told()).toEqual([['a.*', 'b.*']]);
  ends[2]?.();
  await settle();
  listener.bus.leave();
  await settle();
  expect(told()).toEqual([['a.*', 'b.*'], ['b.*'], []]);
});

test('a glob is text and a subscriber a function', () => {
  const subscribe = listener.bus.subscribe.bind(listener.bus) as (...args: unknown[]) => void;
  for (const args of [
    ['', () => {}],
    [7, () => {}],
    ['a.*', 7],
  ])
    expect(() => subscribe(...args)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});
