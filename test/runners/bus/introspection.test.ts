import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type Member, refusal, type World } from './setting.ts';

let world: World;
let asker: Member;
let mute: Member;
beforeEach(() => {
  world = createWorld();
  asker = world.join(world.realm(), 'asker');
  mute = world.join(world.realm(), 'mute');
});
afterEach(() => world[Symbol.dispose]());

test('every module answers ping with its name and what it got', async () => {
  expect(await asker.bus.request('mute.ping', { seq: 1 })).toEqual({ name: 'mute', payload: { seq: 1 } });
  expect(await asker.bus.request('mute.ping')).toEqual({ name: 'mute', payload: null });
});

test('stats tells the counters, and what onStats adds beside them', async () => {
  await asker.bus.request('mute.ping');
  expect(await asker.bus.request('mute.stats')).toEqual({
    tx: { request: 0, response: 1, event: 0, control: 0 },
    rx: { request: 2, response: 0, event: 0, control: 0 },
  });
  mute.bus.onStats(() => ({ hits: 3, tx: 'mine' }));
  mute.meter.dropped();
  expect(await asker.bus.request('mute.stats')).toMatchObject({ hits: 3, tx: { response: 2 }, dropped: 1 });
});

test('where onStats fails, what is wrong stands beside the counters, whoever asks', async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const failing: [() => unknown, string][] = [
    [
      () => {
        throw new Error('no');
      },
      'no',
    ],
    [() => null, 'no object'],
    [() => 7, 'no object'],
    [() => ({ fn: () => {} }), 'cannot be cloned'],
    [() => [1], 'no object'],
    [() => ({ big: 1n }), 'BigInt'],
    [() => circular, 'refers to itself'],
  ];
  for (const [fn, why] of failing) {
    mute.bus.onStats(fn as () => Record<string, unknown>);
    const told = { error: expect.stringMatching(new RegExp(`^onStats: .*${why}`)) };
    expect(await asker.bus.request('mute.stats')).toMatchObject({ ...told, tx: {}, rx: {} });
    expect(mute.bus.ownStats()).toEqual(told);
  }
  expect(mute.failures).toEqual([]);
  mute.bus.onStats(() => ({ rooms: new Map([['a', 1]]) }));
  expect(mute.bus.ownStats()).toEqual({ rooms: [['a', 1]] });
});

test('statsClear counts from zero again', async () => {
  for (let n = 0; n < 5; n++) await asker.bus.request('mute.ping');
  expect(await asker.bus.request('mute.statsClear')).toBeNull();
  expect(((await asker.bus.request('mute.stats')) as { rx: { request: number } }).rx.request).toBe(1);
});

test('debug sets, sets and clears bits of, and clears 32 bits', async () => {
  const debug = (op?: string, flags?: number) => asker.bus.request('mute.debug', { op, flags });
  expect(await debug('setbit', 0x10000)).toEqual({ flags: 0x10000 });
  expect(await debug('set', 0xff00)).toEqual({ flags: 0xff00 });
  expect(await debug('clearbit', 0x1000)).toEqual({ flags: 0xef00 });
  expect(mute.bus.debugFlags).toBe(0xef00);
  expect(await debug()).toEqual({ flags: 0xef00 });
  expect(await debug('clear')).toEqual({ flags: 0 });
  expect(await debug('set', 0xffffffff)).toEqual({ flags: 0xffffffff });
  expect(await asker.bus.request('mute.debug')).toEqual({ flags: 0xffffffff });
});

test('debug refuses what is no operation or no 32 bits', async () => {
  const wrong = [
    { op: 'xor' },
    { op: 'toString' },
    { op: 7 },
    { op: 'set', flags: -1 },
    { op: 'set', flags: 1.5 },
    { op: 'set', flags: 2 ** 32 },
    { op: 'set', flags: '1' },
  ];
  const refusals = await Promise.all(wrong.map((payload) => refusal(asker.bus.request('mute.debug', payload))));
  expect(refusals.map(({ code }) => code)).toEqual(wrong.map(() => 'EINVAL'));
  expect(mute.bus.debugFlags).toBe(0);
});

test('rusage tells numbers of the process, its children and the thread', async () => {
  for (const payload of [undefined, { who: 'self' }, { who: 'children' }, { who: 'thread' }]) {
    const usage = (await asker.bus.request('mute.rusage', payload)) as Record<string, number>;
    expect(Object.keys(usage)).toEqual(['utime', 'stime', 'maxrss']);
    expect(Object.values(usage).every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  }
  expect((await refusal(asker.bus.request('mute.rusage', { who: 'bad' }))).code).toBe('EINVAL');
});

test('shutdown asks the module to stop, and is answered', async () => {
  expect(await asker.bus.request('mute.shutdown')).toBeNull();
  expect(mute.shutDowns).toBe(1);
});

test('a handler of the author comes before one of the service that it became, and that before the one of every module', async () => {
  mute.bus.fallback('list', () => 'fallback');
  mute.bus.fallback('ping', () => 'fallback');
  expect(await asker.bus.request('mute.ping')).toBe('fallback');
  mute.bus.handle('ping', () => 'own');
  expect(await asker.bus.request('mute.ping')).toBe('own');
  expect(await asker.bus.request('mute.list')).toBe('fallback');
});

test('a handler has a name and is a function', () => {
  const handle = mute.bus.handle.bind(mute.bus) as (...args: unknown[]) => void;
  for (const args of [
    ['', () => {}],
    [7, () => {}],
    ['x', 7],
  ])
    expect(() => handle(...args)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});
