import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { createPlace, json } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

/** A module that takes its time to start: whoever returned early would be seen to. */
const slowStart =
  "import { setTimeout as wait } from 'node:timers/promises';\nexport async function main(ctx) { await wait(400); await ctx.run(); }\n";
const three = `version: 1
modules:
  zebra: ./slow-start.mjs
  quick: builtin:heartbeat
  Ape: {command: [sleep, "1000"]}
`;

test.concurrent.each(['up', 'up -d'])('1. %s without a config anywhere names the places it looked at, in their order', async (line) => {
  await using place = await createPlace();
  const home = join(place.dir, 'home');
  await mkdir(home);
  const elsewhere = join(place.dir, 'xdg');
  const env = { HOME: home, XDG_CONFIG_HOME: '', MUSTER_CONFIG: '' };
  const plain = await place.musterWith({ env }, ...line.split(' '));
  expect(plain.code).toBe(1);
  expect(plain.stdout).toBe('');
  expectInOrder(plain.stderr, [
    '$MUSTER_CONFIG',
    join(place.dir, 'muster.yaml'),
    join(home, '.config/muster/muster.yaml'),
    '/etc/muster/muster.yaml',
  ]);
  const configured = await place.musterWith({ env: { ...env, XDG_CONFIG_HOME: elsewhere } }, ...line.split(' '));
  expect(configured.code).toBe(1);
  expectInOrder(configured.stderr, [join(place.dir, 'muster.yaml'), join(elsewhere, 'muster/muster.yaml'), '/etc/muster/muster.yaml']);
  expect(await place.processes()).toEqual([]);
});

test.concurrent('2. up -d returns when all modules run, and list shows them sorted by name', async () => {
  await using place = await createPlace(three);
  await place.write('slow-start.mjs', slowStart);
  const ran = await place.muster('up', '-d');
  const [doc, text] = [await place.list(), await place.muster('list')];
  expect(ran.code, ran.stderr).toBe(0);
  expect(doc.map(({ name, state }) => [name, state])).toEqual([
    ['Ape', 'R'],
    ['quick', 'R'],
    ['zebra', 'R'],
  ]);
  expect(text.code).toBe(0);
  expect(text.stdout.split('\n').map((row) => row.split(' ')[0])).toEqual(['Module', 'Ape', 'quick', 'zebra', '']);
});

test.concurrent('3. a second daemon on one state dir exits 9, names the first, and leaves it alone', async () => {
  await using place = await createPlace(three);
  await place.write('slow-start.mjs', slowStart);
  await place.up();
  const [status, before] = [await place.status(), await place.list()];
  await place.write('other.yaml', 'version: 1\nmodules: {other: builtin:heartbeat}\n');
  for (const line of [['up'], ['up', '-d'], ['up', '-c', 'other.yaml']]) {
    const second = await place.muster(...line);
    expect(second.code).toBe(9);
    expect(second.stdout).toBe('');
    expect(second.stderr).toContain(String(status.pid));
    expect(second.stderr).toContain(join(place.dir, 'muster.yaml'));
  }
  expect(identities(await place.list())).toEqual(identities(before));
  expect(await place.status()).toMatchObject({ pid: status.pid, serial: status.serial, generation: status.generation });
});

test.concurrent('3. of daemons that start at the same moment one runs', async () => {
  await using place = await createPlace('version: 1\nmodules: {only: builtin:heartbeat}\n');
  const codes = (await Promise.all([1, 2, 3].map(() => place.muster('up', '-d')))).map(({ code }) => code);
  expect(codes.toSorted()).toEqual([0, 9, 9]);
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual([['only', 'R']]);
});

test.concurrent('4. without a daemon reconcile exits 3 and says how to start one; against nothing it plans', async () => {
  await using place = await createPlace(three);
  await place.write('slow-start.mjs', slowStart);
  for (const line of [
    ['reconcile'],
    ['reconcile', '--dry-run'],
    ['reconcile', '--dry-run', '--from', 'muster.yaml'],
    ['status'],
    ['list'],
  ]) {
    const ran = await place.muster(...line);
    expect(ran.code).toBe(3);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('ECONNREFUSED');
    expect(ran.stderr).toMatch(/start one with: .* up -d -c FILE/);
  }
  const against = ['reconcile', '--dry-run', '--from', 'muster.yaml', '--against', 'empty'];
  const text = await place.muster(...against);
  expect(text.code, text.stderr).toBe(0);
  expect(text.stdout).toContain('Plan: 3 to load.');
  const plan = json(await place.muster(...against, '-o', 'json')) as Plan;
  expect(plan.changes.map(({ name, action }) => [name, action])).toEqual([
    ['Ape', 'load'],
    ['quick', 'load'],
    ['zebra', 'load'],
  ]);
  expect(await place.processes()).toEqual([]);
});

function expectInOrder(text: string, parts: readonly string[]): void {
  expect(parts.map((part) => text.includes(part))).toEqual(parts.map(() => true));
  const places = parts.map((part) => text.indexOf(part));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}
