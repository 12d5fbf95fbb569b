import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { payloadLimit } from '../../../src/model/bus.ts';
import { createWorld, type Member, refusal, settle, until, type World } from './setting.ts';

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

  test('is never answered within the turn that it is asked in', async () => {
    let handled = false;
    greeter.bus.handle('note', () => {
      handled = true;
    });
    await asker.bus.request('greeter.note');
    handled = false;
    const answer = asker.bus.request('greeter.note');
    await Promise.resolve();
    expect(handled).toBe(false);
    await answer;
  });

  test('fails with code and message of what the handler throws, also later', async () => {
    const thrown = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    greeter.bus.handle('fail', () => {
      throw thrown;
    });
    greeter.bus.handle('failLater', async () => {
      throw thrown;
    });
    expect(await refusal(asker.bus.request('greeter.fail'))).toEqual({ code: 'ENOSPC', message: 'the disk is full' });
    expect(await refusal(asker.bus.request('greeter.failLater'))).toEqual({ code: 'ENOSPC', message: 'the disk is full' });
  });

  test('fails with EFAILED where what was thrown has no code, whatever it is', async () => {
    const things = [
      new Error('no code'),
      'text',
      7,
      undefined,
      null,
      { a: 1 },
      Object.create(null),
      Object.assign(new Error('x'), { code: 5 }),
    ];
    greeter.bus.handle('fail', ({ payload }) => {
      throw things[payload];
    });
    const refusals = await Promise.all(things.map((_, at) => refusal(asker.bus.request('greeter.fail', at))));
    expect(refusals.map(({ code }) => code)).toEqual(things.map(() => 'EFAILED'));
    expect(refusals.map(({ message }) => message)).toEqual([
      'no code',
      'text',
      '7',
      'undefined',
      'null',
      '{ a: 1 }',
      '[Object: null prototype] {}',
      'x',
    ]);
  });

  test('fails with ENOSYS, and what there is, where there is no such method', async () => {
    greeter.bus.handle('hello', () => 1);
    const { code, message } = await refusal(asker.bus.request('greeter.helo'));
    expect(code).toBe('ENOSYS');
    expect(message).toBe('greeter.helo: greeter has no method "helo"; it has debug, hello, ping, rusage, shutdown, stats, statsClear');
  });

  test('fails with EINVAL alone where its payload or its answer cannot be cloned', async () => {
    greeter.bus.handle('echo', ({ payload }) => payload);
    greeter.bus.handle('code', () => ({ fn: () => {} }));
    const answers = [
      asker.bus.request('greeter.echo', 1),
      refusal(asker.bus.request('greeter.echo', { fn: () => {} })),
      refusal(asker.bus.request('greeter.code')),
      asker.bus.request('greeter.echo', 2),
    ];
    const [first, sent, answered, last] = (await Promise.all(answers)) as [number, { code: string }, { code: string }, number];
    expect([first, sent.code, answered.code, last]).toEqual([1, 'EINVAL', 'EINVAL', 2]);
  });

  test('fails with E2BIG where its payload or its answer is larger than the limit', async () => {
    greeter.bus.handle('make', ({ payload }) => new Uint8Array(payload));
    expect((await asker.bus.request('greeter.make', payloadLimit - 100)).length).toBe(payloadLimit - 100);
    expect((await refusal(asker.bus.request('greeter.make', payloadLimit + 1))).code).toBe('E2BIG');
    expect((await refusal(asker.bus.request('greeter.make', 'x'.repeat(payloadLimit + 1)))).code).toBe('E2BIG');
  });

  test('carries the payload as it was when it was asked', async () => {
    greeter.bus.handle('echo', ({ payload }) => payload);
    const payload = { n: 1, bytes: Buffer.from('abc') };
    const answers = [1, 2, 3].map((n) => {
      payload.n = n;
      return asker.bus.request('greeter.echo', payload);
    });
    payload.bytes.fill(0);
    expect(await Promise.all(answers)).toEqual([1, 2, 3].map((n) => ({ n, bytes: new Uint8Array([97, 98, 99]) })));
  });

  test('gives the handler a payload of its own', async () => {
    greeter.bus.handle('change', ({ payload }) => {
      payload.list.push(2);
      return payload;
    });
    const payload = { list: [1] };
    expect(await asker.bus.request('greeter.change', payload)).toEqual({ list: [1, 2] });
    expect(payload).toEqual({ list: [1] });
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
    await until(() => expect(late.meter.read().queued).toBe(3));
    expect(begun).toEqual([]);
    late.bus.ready();
    await Promise.all(answers);
    expect(begun).toEqual([1, 2, 3]);
    expect(late.meter.read().queued).toBe(0);
  });

  test('fails with ETIMEDOUT after its time, and the handler hears that nobody waits any more', async () => {
    let signal: AbortSignal | undefined;
    greeter.bus.handle('hang', (request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    const { code, message } = await refusal(asker.bus.request('greeter.hang', null, { timeout: 30 }));
    expect({ code, message }).toEqual({ code: 'ETIMEDOUT', message: 'greeter.hang was not answered within 30 ms' });
    await until(() => expect(signal?.aborted).toBe(true));
    expect(signal?.reason.code).toBe('ECANCELED');
  });

  test('fails with ECANCELED when its signal aborts, before, while it waits and while it is served', async () => {
    const late = world.join(greeter.realm, 'late', { ready: false });
    let begun = 0;
    for (const { bus } of [late, greeter]) {
      bus.handle('hang', () => {
        begun += 1;
        return new Promise(() => {});
      });
    }
    const abort = new AbortController();
    const { signal } = abort;
    const refusals = ['late.hang', 'greeter.hang'].map((topic) => refusal(asker.bus.request(topic, null, { signal })));
    await until(() => expect([begun, late.meter.read().queued]).toEqual([1, 1]));
    abort.abort();
    expect((await Promise.all(refusals)).map(({ code }) => code)).toEqual(['ECANCELED', 'ECANCELED']);
    await until(() => expect(late.meter.read().queued).toBe(0));
    late.bus.ready();
    expect((await refusal(asker.bus.request('greeter.hang', null, { signal }))).code).toBe('ECANCELED');
    await settle();
    expect(begun).toBe(1);
    await expect(greeter.bus.idle()).resolves.toBeUndefined();
  });

  test('counts for both sides', async () => {
    greeter.bus.handle('echo', ({ payload }) => payload);
    await asker.bus.request('greeter.echo', 1);
    await refusal(asker.bus.request('greeter.none'));
    expect(asker.meter.read()).toMatchObject({ tx: { request: 2 }, rx: { response: 2 } });
    expect(greeter.meter.read()).toMatchObject({ tx: { response: 2 }, rx: { request: 2 }, queued: 0 });
    expect(greeter.meter.read().activeAt).toBeGreaterThan(0);
  });
});

describe('a request', () => {
  let world: World;
  let asker: Member;
  beforeEach(() => {
    world = createWorld();
    asker = world.join(world.realm(), 'asker');
  });
  afterEach(() => world[Symbol.dispose]());

  test('to a service that nobody serves fails with what the lookup says', async () => {
    expect((await refusal(asker.bus.request('nobody.x'))).code).toBe('ENOSYS');
  });

  test('is refused with EINVAL where topic, timeout or signal are none', async () => {
    const request = asker.bus.request.bind(asker.bus) as (...args: unknown[]) => Promise<unknown>;
    const calls = [
      ['x'],
      [''],
      ['.x'],
      ['x.'],
      [7],
      ['x'.repeat(2000)],
      ['a.b', 1, { timeout: -1 }],
      ['a.b', 1, { timeout: '1s' }],
      ['a.b', 1, { signal: {} }],
    ];
    const refusals = await Promise.all(calls.map((args) => refusal(request(...args))));
    expect(refusals.map(({ code }) => code)).toEqual(calls.map(() => 'EINVAL'));
    expect(asker.meter.read().tx.request).toBe(0);
  });

  test('goes to the longest service that its topic begins with', async () => {
    const realm = world.realm();
    const short = world.join(realm, 'a');
    const long = world.join(realm, 'a.b');
    short.bus.handle('c.x', ({ method }) => `short ${method}`);
    long.bus.handle('x', ({ method }) => `long ${method}`);
    expect(await asker.bus.request('a.b.x')).toBe('long x');
    expect(await asker.bus.request('a.c.x')).toBe('short c.x');
  });

  test('to itself is answered as any other', async () => {
    asker.bus.handle('double', ({ payload }) => payload * 2);
    expect(await asker.bus.request('asker.double', 4)).toBe(8);
  });

  test('leaves time for everything else where modules of one realm ask each other without end', async () => {
    asker.bus.handle('again', () => 1);
    let over = false;
    const asking = (async () => {
      while (!over) await asker.bus.request('asker.again');
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    over = true;
    await asking;
  });
});
