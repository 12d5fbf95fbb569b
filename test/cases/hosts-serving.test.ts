import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isAlive, until } from '../support/place.ts';
import { createSite, entry, type Hosts, type Site } from '../support/site.ts';
import { identities } from '../support/untouched.ts';

const [host, a, b, c] = ['example.com', 'a.example.com', 'b.example.com', 'c.example.com'];
const of = (components: Record<string, unknown>): Hosts => ({ [host]: { components } });
const plain = of({ [a]: entry(), [b]: entry() });

let site: Site;
beforeAll(async () => {
  site = await createSite(plain, { heard: join(import.meta.dirname, 'fixtures/heard.mjs') });
});
beforeEach(async () => {
  expect(await site.reload(plain)).toMatchObject({ exitCode: 0 });
});
afterAll(() => site[Symbol.asyncDispose]());

const hello = (name: string) => site.daemon.ask<{ id: number; count: number }>(`${name}.hello`);
const heard = () => site.daemon.ask<Record<string, Record<string, number>>>('heard.heard');
const others = async (...names: string[]) => identities((await site.list()).filter(({ name }) => !names.includes(name)));

test('3. while 500 requests a second come to a, a reload that drops b and adds c leaves none of them unanswered', async () => {
  const answers: Promise<number | string>[] = [];
  const timer = setInterval(() => {
    for (let due = 0; due < 5; due += 1) answers.push(site.get(a).then(({ status }) => status, String));
  }, 10);
  await until(() => answers.length >= 100, 'requests are on their way');
  for (const components of [{ [c]: entry() }, { [b]: entry() }, { [c]: entry() }]) {
    expect(await site.reload(of({ [a]: entry(), ...components }))).toMatchObject({
      exitCode: 0,
      summary: { load: 1, remove: 1, unchanged: 4 },
    });
  }
  const sent = answers.length;
  await until(() => answers.length >= sent + 100, 'requests come after the reloads too');
  clearInterval(timer);
  expect((await Promise.all(answers)).filter((answer) => answer !== 200)).toEqual([]);
});

test('4. once b is gone requests to it are refused at once, and nothing of it answers or publishes any more', async () => {
  await site.reload(of({ [a]: entry(), [b]: entry(['beats']) }));
  await until(async () => Object.keys((await heard())[`beat.${b}`] ?? {}).length > 0, 'it publishes');
  await site.reload(of({ [a]: entry() }));
  const asked = performance.now();
  expect(await site.daemon.refusal(`${b}.hello`)).toMatchObject({ code: 'ENOSYS' });
  expect(performance.now() - asked).toBeLessThan(1000);
  expect(await site.get(b)).toMatchObject({ status: 421 });
  // What was on its way has come; its interval goes on in the thread of the gateway for as long as that is there.
  await sleep(200);
  const before = (await heard())[`beat.${b}`];
  await sleep(200);
  expect((await heard())[`beat.${b}`]).toEqual(before);
});

test('5. where b is declared again while the old one still stops, exactly one b answers after the reload', async () => {
  await site.reload(of({ [a]: entry(), [b]: entry(['slowly', 'beats']) }));
  const old = await hello(b);
  const dropped = site.reload(of({ [a]: entry() }));
  await until(async () => (await site.list()).some(({ name, state }) => name === b && state === 'F'), 'the old b stops');
  const result = await site.reload(of({ [a]: entry(), [b]: entry(['slowly', 'beats', 'again']) }));
  expect([(await dropped).exitCode, result.exitCode]).toEqual([0, 0]);
  const first = await hello(b);
  expect(first.id).not.toBe(old.id);
  await until(async () => ((await heard())[`beat.${b}`]?.[first.id] ?? 0) > 0, 'the new b publishes');
  const before = (await heard())[`beat.${b}`]?.[old.id];
  const ids = await Promise.all(Array.from({ length: 20 }, async () => JSON.parse((await site.get(b)).body).id));
  expect([...new Set(ids)]).toEqual([first.id]);
  await sleep(100);
  expect((await heard())[`beat.${b}`]?.[old.id]).toBe(before);
});

test('13. where one component of three fails to start the others and the host run, and the Result says which and why', async () => {
  const set = of({ [a]: entry(), [b]: entry(['fails']), [c]: entry() });
  await site.declare({});
  await site.place.muster('reload');
  await site.declare(set);
  const { code, stdout } = await site.place.muster('reload', '--json');
  const result = JSON.parse(stdout);
  expect([code, result.exitCode]).toEqual([6, 6]);
  const failed = result.changes.filter(({ status }: { status: string }) => status !== 'ok');
  expect(failed).toMatchObject([{ name: b, status: 'failed', error: { message: expect.stringContaining(`${b} finds no database`) } }]);
  expect((await site.list()).map(({ name, state, failed: is }) => [name, state, is])).toEqual([
    ...[a, 'R', false, b, 'E', true, c, 'R', false, host, 'R', false, 'gateway', 'R', false, 'heard', 'R', false].flatMap((_, at, all) =>
      at % 3 === 0 ? [all.slice(at, at + 3)] : [],
    ),
  ]);
});

test('17. a component whose shutdown throws goes, with those that go beside it, and signals are heard afterwards', async () => {
  const more = Object.fromEntries(['x', 'y', 'z'].map((name) => [`${name}.example.com`, entry(name === 'y' ? ['throws'] : [])]));
  await site.reload(of({ [a]: entry(), [b]: entry(), ...more }));
  await site.reload(plain);
  expect((await site.list()).map(({ name }) => name)).toEqual([a, b, host, 'gateway', 'heard']);
  await site.declare(of({ [a]: entry(), [b]: entry(), [c]: entry() }));
  process.kill(await site.place.pid(), 'SIGHUP');
  await until(async () => (await site.list()).some(({ name, state }) => name === c && state === 'R'), 'SIGHUP was heard');
});

test('18. nine components are gone without waiting for the tenth, which never stops and is gone after its stopTimeout', async () => {
  const stopTimeout = 3000;
  const nine = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`m${at}.example.com`, entry()]));
  const stuck = 'stuck.example.com';
  await site.reload(of({ [a]: entry(), [b]: entry(), ...nine, [stuck]: entry(['never'], { stopTimeout: `${stopTimeout}ms` }) }));
  const before = await others(stuck, ...Object.keys(nine));
  const began = performance.now();
  const dropped = site.reload(plain);
  await until(async () => !(await site.list()).some(({ name }) => name in nine), 'the nine are gone');
  const nineAfter = performance.now() - began;
  expect(await site.module(stuck)).toMatchObject({ state: 'F' });
  expect(await dropped).toMatchObject({ exitCode: 0 });
  expect(nineAfter).toBeLessThan(stopTimeout);
  expect(performance.now() - began).toBeGreaterThanOrEqual(stopTimeout - 100);
  expect((await site.list()).map(({ name }) => name)).toEqual([a, b, host, 'gateway', 'heard']);
  expect(await others()).toEqual(before);
  expect((await site.get(a)).status).toBe(200);
});

test('17. SIGTERM is heard too', async () => {
  await site.reload(of({ [a]: entry(), [b]: entry(['throws']) }));
  const [daemon, gateway] = [await site.place.pid(), (await site.module('gateway')).pid ?? 0];
  process.kill(daemon, 'SIGTERM');
  await until(() => !isAlive(daemon) && !isAlive(gateway), 'all of it is gone');
});
