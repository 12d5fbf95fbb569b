import { expect, it } from 'vitest';
import type { Event } from '../../src/bus/events.ts';
import type { TraceRecord } from '../../src/model/documents.ts';
import { setting, turn } from './setting.ts';

it('passes an event on to the runners in which somebody subscribed, but not back to its own', async () => {
  const { runner } = setting();
  const [one, two, three] = [runner(), runner(), runner()];
  const publisher = one.attach('sensor');
  one.say({ type: 'subscribed', globs: ['sensor.*'] });
  two.say({ type: 'subscribed', globs: ['sensor.h*', 'other'] });
  three.say({ type: 'subscribed', globs: ['sensor'] });
  one.say({ type: 'events', events: [[publisher.address, 'sensor.heat', 20, 'sensor']] });
  await turn();
  expect([one.events(), two.events(), three.events()]).toEqual([[], [[publisher.address, 'sensor.heat', 20, 'sensor']], []]);
});

it('tells each runner what others subscribed, and again only when that changes', async () => {
  const { bus, runner } = setting();
  const [one, two] = [runner(), runner()];
  one.say({ type: 'subscribed', globs: ['b.*', 'a.*'] });
  two.say({ type: 'subscribed', globs: ['a.*'] });
  const end = bus.subscribe(['c'], () => {});
  await turn();
  expect(one.of('interest')).toEqual([{ type: 'interest', globs: ['a.*', 'c'] }]);
  expect(two.of('interest')).toEqual([{ type: 'interest', globs: ['a.*', 'b.*', 'c'] }]);
  two.say({ type: 'subscribed', globs: ['a.*'] });
  await turn();
  expect(one.of('interest').length).toBe(1);
  end();
  two.link.close();
  await turn();
  expect(one.of('interest').at(-1)).toEqual({ type: 'interest', globs: [] });
});

it('gives events of modules and clients to who subscribed in the daemon', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const module = main.attach('news');
  const got: Event[] = [];
  const end = bus.subscribe(['news.*'], (event) => got.push(event));
  main.say({ type: 'events', events: [[module.address, 'news.local', 1, 'news']] });
  bus.client().publish('news.foreign', 2);
  bus.publish('news.own', 3, null);
  end();
  bus.publish('news.own', 4, null);
  expect(got.map(({ topic, payload, from }) => [topic, payload, from])).toEqual([
    ['news.local', 1, 'news'],
    ['news.foreign', 2, 'client'],
    ['news.own', 3, 'client'],
  ]);
});

it('lets nobody but the daemon publish under muster, nor under what is no topic', async () => {
  const { bus, runner } = setting();
  const [one, two] = [runner(), runner()];
  const module = one.attach('m');
  two.say({ type: 'subscribed', globs: ['*'] });
  for (const topic of ['muster', 'muster.x'])
    expect(() => bus.publish(topic, 1, null)).toThrowError(expect.objectContaining({ code: 'EPERM' }));
  for (const topic of ['', 'word', 'service.', '.word', 'x'.repeat(2000)]) {
    expect(() => bus.publish(topic, 1, null), topic).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  }
  one.say({ type: 'events', events: [[module.address, 'muster.x', 1, 'm'], [999_999, 'forged', 1, 'm'], ['odd'] as never, null as never] });
  await turn();
  expect(two.events()).toEqual([]);
});

it('matches a hostile glob against a hostile topic in no time', async () => {
  const { runner } = setting();
  const [one, two] = [runner(), runner()];
  const module = one.attach('m');
  two.say({ type: 'subscribed', globs: Array.from({ length: 1000 }, (_, n) => `${'*a'.repeat(200)}${n}`) });
  const begin = process.cpuUsage();
  one.say({ type: 'events', events: [[module.address, 'a'.repeat(500), 1, 'm']] });
  expect(process.cpuUsage(begin).user).toBeLessThan(1_000_000); // microseconds, whatever else the machine does
});

const at = Date.UTC(2030, 0, 1);

it('turns tracing on while somebody looks on, with payloads where one wants them', async () => {
  const { bus, runner } = setting();
  const one = runner();
  const [plain, full] = [new AbortController(), new AbortController()];
  bus.trace({ payloads: false }, () => {}, plain.signal);
  bus.trace({ payloads: true }, () => {}, full.signal);
  const two = runner();
  full.abort();
  plain.abort();
  await turn();
  expect(one.of('tracing').map(({ tracing }) => tracing)).toEqual([{ payloads: false }, { payloads: true }, { payloads: false }, null]);
  expect(two.of('tracing').map(({ tracing }) => tracing)).toEqual([{ payloads: true }, { payloads: false }, null]);
});

it('tells each tracer what it wants to see, once, with names instead of addresses', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => main.attach(name));
  const [from, to, other] = [a?.address ?? 0, b?.address ?? 0, c?.address ?? 0];
  const seen: Record<string, string[]> = {};
  const end = new AbortController();
  const look = (name: string, wanted: Partial<Parameters<typeof bus.trace>[0]>) => {
    const lines: string[] = [];
    seen[name] = lines;
    const show = ({ type, topic, from, to }: TraceRecord) => `${type} ${topic} ${from}>${to}`;
    bus.trace({ payloads: false, ...wanted }, (records) => lines.push(...records.map(show)), end.signal);
  };
  look('all', {});
  look('a', { names: ['a'] });
  look('b', { names: ['b'] });
  look('c', { names: ['c', 'x*'] });
  look('none', { names: ['later'] });
  look('events', { types: ['event'] });
  look('topic', { topic: 'b.e*' });
  b?.ended();
  main.say({
    type: 'traced',
    dropped: 0,
    records: [
      { at, type: 'request', topic: 'b.echo', from, to, size: 1 },
      { at, type: 'response', topic: 'b.echo', from: to, to: from, size: 1 },
      { at, type: 'event', topic: 'a.news', from, to: null, size: 1 },
      { at, type: 'event', topic: 'a.news', from, to: other, size: 1 },
      { at, type: 'request', topic: 'b.else', from: -3, to, size: 1 },
      { nonsense: true } as never,
    ],
  });
  end.abort();
  main.say({ type: 'traced', dropped: 0, records: [{ at, type: 'request', topic: 'b.late', from, to, size: 1 }] });
  const pair = ['request b.echo a>b', 'response b.echo b>a'];
  expect(seen).toEqual({
    all: [...pair, 'event a.news a>null', 'request b.else client>b'],
    a: [...pair, 'event a.news a>null'],
    b: [...pair, 'request b.else client>b'],
    c: ['event a.news a>c'],
    none: [],
    events: ['event a.news a>null'],
    topic: [...pair, 'request b.else client>b'],
  });
});

it('records itself what only the daemon sees: requests to nobody and to the daemon, events of clients', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const module = main.attach('m');
  bus.serve(() => 'pong');
  const seen: TraceRecord[] = [];
  const end = new AbortController();
  bus.trace({ payloads: true }, (records) => seen.push(...records), end.signal);
  const client = bus.client();
  client.ask('nobody.there', 1, { part: async () => {}, send() {}, fail() {} });
  client.publish('news.today', 2);
  bus.publish('news.asked', 3, null);
  bus.publish('news.asked', 4, { name: 'm', address: module.address });
  await main.resolve(module.address, 'nosuch');
  main.say({ type: 'packets', packets: [['request', 0, module.address, 1, 'muster', 'muster.ping', {}, 'm']] });
  const set = { name: 'm', key: 'db.password', value: 'hunter2', env: { TOKEN: 'hunter2', A: '1' } };
  main.say({ type: 'packets', packets: [['request', 0, module.address, 3, 'muster', 'muster.set', set, 'm']] });
  main.say({ type: 'packets', packets: [['request', 0, module.address, 2, 'muster', 'muster.trace', {}, 'm']] });
  await turn();
  await turn();
  expect(seen.map(({ at: _, size: __, ...record }) => record)).toEqual([
    { type: 'request', topic: 'nobody.there', from: 'client', to: null, error: 'ENOSYS', payload: 1 },
    { type: 'event', topic: 'news.today', from: 'client', to: null, payload: 2 },
    { type: 'event', topic: 'news.asked', from: 'client', to: null, payload: 3 },
    { type: 'event', topic: 'news.asked', from: 'm', to: null, payload: 4 },
    { type: 'request', topic: 'nosuch', from: 'm', to: null, error: 'ENOSYS', payload: undefined },
    { type: 'request', topic: 'muster.ping', from: 'm', to: 'muster', payload: {} },
    { type: 'request', topic: 'muster.set', from: 'm', to: 'muster', payload: { ...set, value: '***', env: { TOKEN: '***', A: '1' } } },
    { type: 'response', topic: 'muster.ping', from: 'muster', to: 'm', payload: 'pong' },
    { type: 'response', topic: 'muster.set', from: 'muster', to: 'm', payload: 'pong' },
  ]);
  end.abort();
});
