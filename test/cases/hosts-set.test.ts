import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModuleStats, ModuleView } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { createSite, entry, type Hosts, type Site } from '../support/site.ts';
import { identities } from '../support/untouched.ts';

const [host, a, b, c] = ['example.com', 'a.example.com', 'b.example.com', 'c.example.com'];
const plain: Hosts = { [host]: { components: { [a]: entry(), [b]: entry() } } };

let site: Site;
beforeAll(async () => {
  site = await createSite(plain);
});
afterAll(() => site[Symbol.asyncDispose]());

const changes = ({ changes }: Result) => changes.map(({ name, action, status }) => `${action} ${name}: ${status}`);
const among = (modules: readonly ModuleView[], ...names: string[]) => identities(modules.filter(({ name }) => names.includes(name)));
const hello = (name: string) => site.daemon.ask<{ config: object; id: number; count: number }>(`${name}.hello`);

test('1. the gateway is running first, then the host, then its components, and list shows them below the gateway', async () => {
  const modules = await site.list();
  expect(modules.map(({ name, state, host: of }) => [name, state, of])).toEqual([
    [a, 'R', host],
    [b, 'R', host],
    [host, 'R', host],
    ['gateway', 'R', null],
  ]);
  const since = (name: string) => Date.parse(modules.find((module) => module.name === name)?.since ?? '');
  expect(since('gateway')).toBeLessThanOrEqual(since(host));
  expect(since(host)).toBeLessThanOrEqual(Math.min(since(a), since(b)));
  expect(modules.find(({ name }) => name === a)).toMatchObject({ service: 'gateway', requires: [host, 'gateway'] });
  const rows = (await site.place.muster('list', 'gateway')).stdout.trim().split('\n');
  expect(rows.slice(1).map((row) => row.split(' ', 1)[0])).toEqual([host, a, b]);
  expect((await site.list(host)).map(({ name }) => name)).toEqual([a, b]);
});

test('2. what is kept runs on with its counters, what is dropped is gone, what is added runs, and the host is not touched', async () => {
  const first = await site.reload(plain);
  expect(first.outcome).toBe('noChanges');
  const [before, told] = [await site.list(), await hello(a)];
  const counters = async () => (await site.daemon.muster('stats', { name: a })) as Record<string, ModuleStats>;
  const counted = JSON.stringify(await counters());
  expect(changes(await site.reload({ [host]: { components: { [a]: entry(), [c]: entry() } } }))).toEqual([
    `remove ${b}: ok`,
    `load ${c}: ok`,
  ]);
  const after = await site.list();
  expect(after.map(({ name, state }) => [name, state])).toEqual([a, c, host, 'gateway'].map((name) => [name, 'R']));
  expect(among(after, a, host, 'gateway')).toEqual(among(before, a, host, 'gateway'));
  expect(JSON.stringify(await counters())).toBe(counted);
  expect(await hello(a)).toEqual({ ...told, count: told.count + 1 });
  expect([(await site.get(a)).status, (await site.get(c)).status]).toEqual([200, 200]);
});

test('a new host and its component in one edit are both loaded, the host first', async () => {
  await site.reload(plain);
  const result = await site.reload({ ...plain, 'example.org': { components: { 'a.example.org': entry() } } });
  expect(changes(result)).toEqual(['load example.org: ok', 'load a.example.org: ok']);
  expect(result.changes[1]?.after).toEqual(['example.org']);
  expect((await site.get('a.example.org')).status).toBe(200);
});

test('a component may ask for the reload itself', async () => {
  await site.reload({ [host]: { components: { [a]: entry([], { control: 'apply' }), [b]: entry() } } });
  await site.declare({ [host]: { components: { [a]: entry([], { control: 'apply' }), [c]: entry() } } });
  expect(changes(await site.daemon.ask<Result>(`${a}.reconcile`))).toEqual([`remove ${b}: ok`, `load ${c}: ok`]);
  expect((await site.get(c)).status).toBe(200);
});

test('one that goes from modules below its host, or to another host, runs on', async () => {
  const [other, gateway] = ['example.org', { module: 'builtin:gateway', config: { listen: '127.0.0.1:0' } }];
  const alone = { [a]: entry([], { service: 'gateway', requires: [host] }) };
  await site.reload({ [host]: {} }, { modules: { gateway, ...alone } });
  const before = await hello(a);
  for (const hosts of [{ [host]: { components: { [a]: entry() } } }, { [other]: { components: { [a]: entry() } }, [host]: {} }]) {
    const { changes: all } = await site.reload(hosts);
    expect(all.filter(({ name }) => name === a)).toMatchObject([{ action: 'reconfigure', status: 'ok' }]);
    expect((await site.module(a)).host).toBe(Object.keys(hosts)[0]);
  }
  expect(await hello(a)).toMatchObject({ id: before.id, count: before.count + 1 });
});

test('6. what the host says in its config its components have, unless they say it themselves', async () => {
  const auth = (of: string) => ({ config: { auth: of } });
  await site.reload({ [host]: { ...auth('internal'), components: { [a]: entry(), [b]: entry([], auth('own')), [c]: entry() } } });
  expect(await Promise.all([a, b, c].map(async (name) => (await hello(name)).config))).toEqual([
    ...[{ auth: 'internal' }, { auth: 'own' }, { auth: 'internal' }],
  ]);
});

test('7. a key of the host that changes is a change of the host and of those that inherit it, and of nobody else', async () => {
  const set = (auth: string): Hosts => ({
    [host]: { config: { auth }, components: { [a]: entry(), [b]: entry([], { config: { auth: 'own' } }) } },
  });
  await site.reload(set('internal'));
  const [before, told] = [await site.list(), await hello(b)];
  const result = await site.reload(set('ldap'));
  expect(result.changes.map(({ name, action, status, fields }) => [name, action, status, fields.map(({ path }) => path)])).toEqual([
    [a, 'reload', 'ok', ['config.auth']],
    [host, 'reconfigure', 'ok', ['config.auth']],
  ]);
  expect((await hello(a)).config).toEqual({ auth: 'ldap' });
  expect(await hello(b)).toEqual({ ...told, count: told.count + 1 });
  expect(among(await site.list(), b, host, 'gateway')).toEqual(among(before, b, host, 'gateway'));
});

test('8. a host goes after its components', async () => {
  await site.reload({ ...plain, 'example.org': { components: { 'a.example.org': entry() } } });
  const result = await site.reload({ 'example.org': { components: { 'a.example.org': entry() } } });
  expect(changes(result)).toEqual([`remove ${a}: ok`, `remove ${b}: ok`, `remove ${host}: ok`]);
  expect(result.changes[2]?.after).toEqual([a, b]);
  expect((await site.list()).map(({ name }) => name)).toEqual(['a.example.org', 'example.org', 'gateway']);
  const refused = await site.place.muster('remove', 'example.org');
  expect([refused.code, refused.stderr.includes('a.example.org')]).toEqual([1, true]);
});

test('9. the periods of a domain name no service', async () => {
  const deep = 'a.b.example.co.uk';
  await site.reload({ [host]: { service: 'gateway', components: { [deep]: entry() } } });
  expect(await site.module(deep)).toMatchObject({ state: 'R', service: 'gateway', host, requires: [host, 'gateway'] });
  expect(JSON.parse((await site.get(deep)).body)).toMatchObject({ name: deep });
});

test('12. another module for one component is a reload of that one alone', async () => {
  await site.reload(plain);
  const before = await site.list();
  await site.place.write('other.mjs', 'export const main = async (ctx) => { ctx.handle("hello", () => "other"); await ctx.run(); };\n');
  const result = await site.reload({ [host]: { components: { [a]: { module: './other.mjs' }, [b]: entry() } } });
  expect(result.changes.map(({ name, action }) => [name, action])).toEqual([[a, 'reload']]);
  expect(await hello(a)).toBe('other');
  expect(among(await site.list(), b, host, 'gateway')).toEqual(among(before, b, host, 'gateway'));
});

test('14. a secret that changes reaches the component, and the plan shows no more than its field', async () => {
  const [first, second] = ['first-secret-value', 'second-secret-value'];
  const secret = { config: { key: { secret: 'file:./secret' } } };
  await site.place.write('secret', `${first}\n`);
  const set: Hosts = { [host]: { components: { [a]: entry([], secret), [b]: entry() } } };
  await site.reload(set);
  expect((await hello(a)).config).toEqual({ key: first });
  const before = await site.list();
  await site.place.write('secret', `${second}\n`);
  const { stdout } = await site.place.muster('reconcile', '--dry-run');
  expect(stdout).toContain('config.key (secret)');
  const result = await site.reload(set);
  expect(result.changes.map(({ name, fields }) => [name, fields])).toEqual([
    [a, [{ path: 'config.key', before: null, after: null, live: false, sensitive: true }]],
  ]);
  for (const value of [first, second]) expect(`${stdout}${JSON.stringify(result)}`).not.toContain(value);
  expect((await hello(a)).config).toEqual({ key: second });
  expect(among(await site.list(), b, host, 'gateway')).toEqual(among(before, b, host, 'gateway'));
});

/** A list without times and ids: of one start, of one run, and how the start before ended. */
function lasting(stdout: string): string {
  const changing = new Set(['idle', 'since', 'startedAt', 'threadId', 'pid', 'generation', 'lastExit']);
  return JSON.stringify(JSON.parse(stdout), (key, value) => (changing.has(key) ? undefined : value));
}

test('16. an edit that is undone leaves what was there', async () => {
  await site.reload(plain);
  const listed = async () => lasting((await site.place.muster('list', 'gateway', '--json')).stdout);
  const before = await listed();
  expect(before).toContain(b);
  await site.reload({ [host]: { config: { x: 1 }, components: { [a]: entry(['x']), [c]: entry() } }, 'example.org': {} });
  expect(await listed()).not.toBe(before);
  await site.reload(plain);
  expect(await listed()).toBe(before);
});

test('24. of 100 components one is replaced and 99 stay as they are', async () => {
  const name = (at: number) => `m${at}.example.com`;
  const set = (replaced: string): Hosts => ({
    [host]: {
      components: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [name(at), entry(name(at) === replaced ? ['x'] : [])])),
    },
  });
  await site.reload(set(''));
  const before = (await site.list()).filter((module) => module.name !== name(41));
  expect(before).toHaveLength(101);
  expect(changes(await site.reload(set(name(41))))).toEqual([`reload ${name(41)}: ok`]);
  expect(identities((await site.list()).filter((module) => module.name !== name(41)))).toEqual(identities(before));
});
