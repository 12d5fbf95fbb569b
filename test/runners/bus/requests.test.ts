import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createWorld, type Member, refusal, type World } from './setting.ts';

describe.each(['another realm', 'the same realm', 'another runner'] as const)('a request to a module of %s', (where) => {
  let world: World;
  let asker: Member;
  let greeter: Member;
  beforeEach(() => {
    world = createWorld();
    world.relayed = where === 'another runner';
    const realm = world.realm();
    asker = world.join(realm, 'asker');
    greeter = world.join(where === 'the same realm' ? realm : world.realm(), 'greeter');
  });
  afterEach(() => world[Symbol.dispose]());

  test('gets what the handler returns', async () => {
    greeter.bus.handle('hello', ({ payload }) => ({ text: `hello ${payload.who}` }));
    expect(await asker.bus.request('greeter.hello', { who: 'you' })).toEqual({ text: 'hello you' });
  });

  test('tells the handler who asks, the topic and the method', async () => {
    greeter.bus.handle('hello', ({ topic, method, from }) => ({ topic, method, from }));
    expect(await asker.bus.request('greeter.hello')).toEqual({ topic: 'greeter.hello', method: 'hello', from: 'asker' });
  });

  test('gets what an asynchronous handler resolves with', async () => {
    greeter.bus.handle('later', async ({ payload }) => {
      await new Promise((resolve) => setImmediate(resolve));
      return payload + 1;
    });
    expect(await asker.bus.request('greeter.later', 1)).toBe(2);
  });

  test('fails with code and message of what the handler throws', async () => {
    greeter.bus.handle('fail', () => {
      throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    });
    expect(await refusal(asker.bus.request('greeter.fail'))).toEqual({ code: 'ENOSPC', message: 'the disk is full' });
  });

  test('gets the answers of many at once, each its own, in the order of asking', async () => {
    const order: number[] = [];
    greeter.bus.handle('echo', ({ payload }) => payload);
    const numbers = Array.from({ length: 3000 }, (_, at) => at);
    const answers = numbers.map((n) => asker.bus.request('greeter.echo', n));
    for (const answer of answers) void answer.then((n) => order.push(n));
    expect(await Promise.all(answers)).toEqual(numbers);
    expect(order).toEqual(numbers);
  });

  test('waits while the module starts, and is begun with in order', async () => {
    const late = world.join(greeter.realm, 'late', { ready: false });
    const begun: number[] = [];
    late.bus.handle('note', ({ payload }) => void begun.push(payload));
    const answers = [1, 2, 3].map((n) => asker.bus.request('late.note', n));
    await vi.waitFor(() => expect(late.meter.read().queued).toBe(3));
    expect(begun).toEqual([]);
    late.bus.ready();
    await Promise.all(answers);
    expect(begun).toEqual([1, 2, 3]);
    expect(late.meter.read().queued).toBe(0);
  });
});
