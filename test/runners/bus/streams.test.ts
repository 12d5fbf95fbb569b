import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { streamWindow } from '../../../src/model/bus.ts';
import { createWorld, type Member, refusal, settle, until, type World } from './setting.ts';

let world: World;
let asker: Member;
let source: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
  source = world.join(world.realm(), 'source');
});
afterEach(() => world[Symbol.dispose]());

async function collect(parts: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = [];
  for await (const part of parts) collected.push(part);
  return collected;
}

/** Counts as long as somebody takes the numbers. */
function counting(member: Member): { sent: number; ended: boolean } {
  const seen = { sent: 0, ended: false };
  member.bus.handle('count', async function* () {
    try {
      while (true) yield seen.sent++;
    } finally {
      seen.ended = true;
    }
  });
  return seen;
}

describe('what a handler returns is a stream where it is', () => {
  const cases: [string, () => unknown, unknown[]][] = [
    [
      'an asynchronous generator',
      async function* () {
        yield 1;
        yield 2;
      },
      [1, 2],
    ],
    [
      'a plain generator',
      function* () {
        yield 'a';
        yield 'b';
      },
      ['a', 'b'],
    ],
    [
      'a generator of promises',
      function* () {
        yield Promise.resolve(1);
        yield Promise.resolve(2);
      },
      [1, 2],
    ],
    ['a promise of an iterable', async () => new Set([1]).values(), [1]],
    ['a readable stream of Node', () => Readable.from(['x', 'y']), ['x', 'y']],
    [
      'an object that can be iterated',
      () => ({
        *[Symbol.iterator]() {
          yield 7;
        },
      }),
      [7],
    ],
    ['a generator without parts', function* () {}, []],
  ];
  test.each(cases)('%s', async (_, handler, parts) => {
    source.bus.handle('parts', handler);
    expect(await collect(asker.bus.stream('source.parts'))).toEqual(parts);
    expect((await refusal(asker.bus.request('source.parts'))).code).toBe('EINVAL');
  });

  test.each([
    ['an array', [1, 2]],
    ['text', 'text'],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['bytes', new Uint8Array([1, 2])],
    ['an object', { a: 1 }],
    ['nothing', undefined],
  ])('and not where it is %s: that is a stream of one part', async (_, value) => {
    source.bus.handle('value', () => value);
    expect(await asker.bus.request('source.value')).toEqual(value);
    expect(await collect(asker.bus.stream('source.value'))).toEqual([value]);
  });
});

test('parts come in order, many thousand of them', async () => {
  source.bus.handle('numbers', function* ({ payload }) {
    for (let n = 0; n < payload; n++) yield n;
  });
  const parts = await collect(asker.bus.stream('source.numbers', 5000));
  expect(parts).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  expect(source.meter.read().tx.response).toBe(5001);
  expect(asker.meter.read().rx.response).toBe(5001);
});

test('no more parts are under way than the window, however slow the asker', async () => {
  const seen = counting(source);
  const parts = asker.bus.stream('source.count')[Symbol.asyncIterator]();
  await parts.next();
  await settle(20);
  expect(seen.sent).toBe(streamWindow);
  for (let taken = 1; taken < streamWindow; taken++) await parts.next();
  await until(() => expect(seen.sent).toBeGreaterThan(streamWindow));
  expect(seen.sent).toBeLessThanOrEqual(2 * streamWindow);
  await parts.return?.(undefined);
});

test('leaving the loop ends the stream at its source', async () => {
  const seen = counting(source);
  for await (const part of asker.bus.stream('source.count')) if (part === 3) break;
  await until(() => expect(seen.ended).toBe(true));
});

test('a stream that nobody begins to read is not asked for', async () => {
  const seen = counting(source);
  const parts = asker.bus.stream('source.count')[Symbol.asyncIterator]();
  await parts.return?.(undefined);
  await settle();
  expect(seen.sent).toBe(0);
  expect(asker.meter.read().tx.request).toBe(0);
});

test('what the source throws comes after the parts before it', async () => {
  source.bus.handle('breaks', function* () {
    yield 1;
    throw Object.assign(new Error('broken'), { code: 'EIO' });
  });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const part of asker.bus.stream('source.breaks')) seen.push(part);
  })();
  expect(await refusal(reading)).toEqual({ code: 'EIO', message: 'broken' });
  expect(seen).toEqual([1]);
});

test('a part that cannot be cloned ends the stream with EINVAL', async () => {
  let ended = false;
  source.bus.handle('odd', function* () {
    try {
      yield 1;
      yield () => {};
    } finally {
      ended = true;
    }
  });
  expect((await refusal(collect(asker.bus.stream('source.odd')))).code).toBe('EINVAL');
  expect(ended).toBe(true);
});

test('the timeout is that between two parts, and runs only while one is waited for', async () => {
  source.bus.handle('slow', async function* () {
    for (const part of [1, 2, 3]) {
      yield part;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await new Promise(() => {});
  });
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const part of asker.bus.stream('source.slow', null, { timeout: 1000 })) {
      seen.push(part);
      if (part === 1) await new Promise((resolve) => setTimeout(resolve, 1100));
    }
  })();
  expect(await refusal(reading)).toEqual({ code: 'ETIMEDOUT', message: 'source.slow sent nothing more within 1000 ms' });
  expect(seen).toEqual([1, 2, 3]);
});

test('a signal ends the stream with ECANCELED', async () => {
  const seen = counting(source);
  const abort = new AbortController();
  const reading = (async () => {
    for await (const part of asker.bus.stream('source.count', null, { signal: abort.signal })) if (part === 10) abort.abort();
  })();
  expect((await refusal(reading)).code).toBe('ECANCELED');
  await until(() => expect(seen.ended).toBe(true));
});

test('the signal of the request tells the source that nobody reads any more', async () => {
  const ended: string[] = [];
  source.bus.handle('follow', async function* ({ signal }) {
    yield 'first';
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    ended.push(signal.reason.code);
  });
  for await (const _ of asker.bus.stream('source.follow')) break;
  await until(() => expect(ended).toEqual(['ECANCELED']));
});

test('a module that is stopping lets streams end that do so by themselves, and cuts the others', async () => {
  counting(source);
  source.bus.handle('follow', async function* ({ signal }) {
    yield 'first';
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield 'last';
  });
  source.bus.handle('ends', async function* ({ signal }) {
    yield 'first';
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  });
  const [count, follow, ends] = ['count', 'follow', 'ends'].map((method) => asker.bus.stream(`source.${method}`)[Symbol.asyncIterator]());
  expect(await Promise.all([count?.next(), follow?.next(), ends?.next()])).toMatchObject([
    { value: 0 },
    { value: 'first' },
    { value: 'first' },
  ]);
  await settle();
  source.bus.finalizing();
  await source.bus.idle();
  expect(await ends?.next()).toEqual({ done: true, value: undefined });
  expect(await follow?.next()).toEqual({ done: false, value: 'last' });
  const rest = async (parts: AsyncIterator<unknown> | undefined) => {
    while ((await parts?.next())?.done === false);
  };
  expect((await refusal(rest(follow))).code).toBe('EHOSTUNREACH');
  expect((await refusal(rest(count))).code).toBe('EHOSTUNREACH');
});

test('a stream whose module leaves fails with EHOSTUNREACH', async () => {
  source.bus.handle('hangs', async function* () {
    yield 1;
    await new Promise(() => {});
  });
  const reading = refusal(collect(asker.bus.stream('source.hangs')));
  await until(() => expect(asker.meter.read().rx.response).toBe(1));
  world.leave(source);
  expect((await reading).code).toBe('EHOSTUNREACH');
});

test('what is wrong with the request is thrown at once', () => {
  expect(() => asker.bus.stream('x')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(() => asker.bus.stream('source.x', () => {})).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('a request to a source of a stream ends it', async () => {
  const seen = counting(source);
  expect((await refusal(asker.bus.request('source.count'))).message).toContain('stream');
  await until(() => expect(seen.ended).toBe(true));
});
