import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, json, type Place, until } from '../support/place.ts';

const config = (seconds: number, names: readonly string[] = ['cache', 'gc', 'web']): string =>
  `version: 1\npolicy: {interval: 0}\nmodules:\n${names.map((name) => `  ${name}: {command: [sleep, "${seconds}"]}\n`).join('')}`;

let place: Place;
/** Another number is another command line, and so a reload of all of them. */
let seconds = 1000;

beforeAll(async () => {
  place = await createPlace(config(seconds));
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

async function write(names?: readonly string[]): Promise<void> {
  seconds += 1;
  await place.write('muster.yaml', config(seconds, names));
}

/** What a daemon keeps, byte by byte, but for what it says in its own log. */
async function kept(): Promise<string[]> {
  const files = await readdir(place.stateDir, { recursive: true, withFileTypes: true });
  const own = files.filter((file) => file.isFile() && /^(?:journal|snapshot\.json|\d+\.json)$/.test(file.name));
  return Promise.all(own.map((file) => readFile(join(file.parentPath, file.name), 'hex')));
}

test('21. what is held is left alone, shown with reason and what would be done, and the rest is applied', async () => {
  expect(await place.muster('hold', 'gc', '--reason', 'INC-77', '--for', '3h')).toMatchObject({ code: 0 });
  const before = await place.module('gc');
  await write();
  const { ran: dry } = await place.dryRun();
  expect(dry.code).toBe(0);
  const ran = await place.muster('reconcile');
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^ {2}= gc +command +held +INC-77, \d+h left; would reload$/m);
  expect((await place.module('gc')).pid).toBe(before.pid);
  expect(json(await place.muster('status', '--json'))).toMatchObject({ synced: true, held: [{ name: 'gc', reason: 'INC-77' }] });
  const shown = [['list'], ['info', 'gc'], ['status'], ['reconcile', '--dry-run', '-o', 'markdown'], ['events']];
  for (const words of shown) expect((await place.muster(...words)).stdout, words.join(' ')).toContain('INC-77');
  expect((await place.dryRun()).plan.held).toMatchObject([{ name: 'gc', reason: 'INC-77' }]);
  expect(await place.muster('release', 'gc')).toMatchObject({ code: 0, stdout: expect.stringContaining('gc') });
  expect((await place.module('gc')).pid).not.toBe(before.pid);
});

test('22. a hold without a reason, or of nothing, says what is missing', async () => {
  expect(await place.muster('hold', 'gc')).toMatchObject({ code: 1, stderr: expect.stringContaining('--reason') });
  expect(await place.muster('hold', 'gc', '--reason', ' ')).toMatchObject({ code: 1, stderr: expect.stringContaining('--reason') });
  expect(await place.muster('hold', 'gc', '--reason', 'r', '--for', '0s')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--for'),
  });
  expect(await place.muster('hold', '--reason', 'r')).toMatchObject({ code: 1 });
  expect(await place.muster('hold', 'nobody', '--reason', 'r')).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') });
  expect(await place.muster('release', 'gc')).toMatchObject({ code: 1, stderr: expect.stringContaining('not held') });
  expect((await place.status()).held).toEqual([]);
});

test('globs and --all hold what they name, and what is declared and not loaded can be held as well', async () => {
  await place.muster('remove', 'web');
  expect(await place.muster('hold', 'c*', 'web', '--reason', 'r')).toMatchObject({ code: 0 });
  expect((await place.status()).held.map(({ name }) => name).sort()).toEqual(['cache', 'web']);
  await write();
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'gc', action: 'reload' }]);
  expect(await place.muster('release', '--all')).toMatchObject({ code: 0 });
  expect(await place.status()).toMatchObject({ held: [], synced: true, drift: [] });
  expect((await place.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['cache R', 'gc R', 'web R']);
  await place.muster('hold', '--all', '--reason', 'freeze');
  await write(['cache']);
  expect((await place.reload()).result.changes).toEqual([]);
  expect(await place.muster('release', '--all')).toMatchObject({ code: 0 });
  expect((await place.reload()).ran.code).toBe(0);
  expect((await place.list()).map(({ name }) => name)).toEqual(['cache']);
  await write();
  await place.reload();
});

test('23. a hold that is over is no longer listed, and brings that module alone to the generation in force', async () => {
  await place.muster('hold', 'gc', '--reason', 'r');
  await write();
  await place.reload();
  const [{ pid: gc }, { pid: web }] = [await place.module('gc'), await place.module('web')];
  await place.muster('hold', 'gc', '--reason', 'r', '--for', '1s');
  await write(); // pending, and not what is in force
  await until(async () => (await place.module('gc')).pid !== gc, 'the hold is over');
  expect((await place.status()).held).toEqual([]);
  expect((await place.module('web')).pid).toBe(web);
  expect((await place.dryRun()).plan.changes.map(({ name }) => name)).toEqual(['cache', 'gc', 'web']);
  await place.reload();
});

test('24. what is removed with --hold stays away until it is released', async () => {
  expect(await place.muster('remove', '--hold', '--reason', 'broken', 'gc')).toMatchObject({ code: 0 });
  await write();
  await place.reload();
  expect((await place.list()).map(({ name }) => name)).toEqual(['cache', 'web']);
  expect(await place.muster('release', 'gc')).toMatchObject({ code: 0 });
  expect((await place.module('gc')).state).toBe('R');
  expect(await place.status()).toMatchObject({ synced: true });
});

test('25. holds outlive kill -9 and another daemon that takes over, with reason and end, and still keep', async () => {
  await place.muster('hold', 'gc', '--reason', 'INC-77', '--for', '3h');
  await place.muster('remove', '--hold', '--reason', 'broken', 'web');
  const { held } = await place.status();
  await place.kill();
  await write();
  await place.up();
  expect((await place.status()).held).toEqual(held);
  expect(await place.muster('up', '-d', '--replace', '-c', 'muster.yaml')).toMatchObject({ code: 0 });
  expect((await place.status()).held).toEqual(held);
  await write();
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'cache' }]);
  expect((await place.list()).map(({ name }) => name)).toEqual(['cache', 'gc']);
  await place.muster('release', '--all');
  expect(await place.status()).toMatchObject({ synced: true, held: [] });
});

test('19. drift names what differs from the generation in force and changes nothing; pending edits are none of it', async () => {
  expect(await place.muster('drift')).toMatchObject({ code: 0, stdout: 'No drift.\n' });
  await write();
  expect(await place.muster('drift')).toMatchObject({ code: 0 });
  await place.reload();
  await place.muster('remove', 'gc');
  await write(['cache', 'gc', 'web', 'new']);
  const [before, { serial }] = [await kept(), await place.status()];
  const drift = await place.muster('drift', '--json');
  expect(drift.code).toBe(2);
  expect(json(drift)).toMatchObject({ changes: [{ name: 'gc', action: 'load' }], drift: [{ name: 'gc', text: 'not loaded' }] });
  expect((await place.dryRun()).plan.drift).toEqual([{ name: 'gc', text: 'not loaded' }]);
  for (let times = 0; times < 3; times += 1) expect((await place.muster('drift')).code).toBe(2);
  expect((await place.list()).map(({ name }) => name)).toEqual(['cache', 'web']);
  expect(await place.status()).toMatchObject({ serial, drift: [{ name: 'gc' }] });
  expect(await kept()).toEqual(before);
  await write(['cache', 'gc', 'web']);
  await place.reload();
});

test('20. the interval shows drift and leaves it, and undoes it with selfHeal; an edit that is pending is left alone', async () => {
  await place.write('muster.yaml', config(seconds).replace('interval: 0', 'interval: 1s'));
  await place.reload();
  await place.muster('remove', 'gc');
  await until(async () => (await place.muster('events')).stdout.includes('differ from generation'), 'the interval has passed');
  expect((await place.list()).map(({ name }) => name)).toEqual(['cache', 'web']);
  expect((await place.status()).drift).toMatchObject([{ name: 'gc' }]);
  await place.write('muster.yaml', config(seconds).replace('interval: 0', 'interval: 1s, selfHeal: true'));
  await place.reload();
  const web = await place.module('web');
  await write();
  await place.write('muster.yaml', config(seconds).replace('interval: 0', 'interval: 1s, selfHeal: true'));
  await place.muster('remove', 'gc');
  await until(async () => (await place.list()).length === 3, 'it is back');
  expect((await place.module('web')).pid).toBe(web.pid);
  await write();
  await place.reload();
});

test('28. what came of a failed reload by SIGHUP is in status, with names and texts', async () => {
  const failing = `${config(seconds)}  bad: {command: [sh, -c, "echo it burns >&2; exit 7"], restart: {policy: never}, ready: {alive: 10s}}\n`;
  await place.write('muster.yaml', failing);
  const before = (await place.status()).lastReconcile?.planId;
  process.kill(await place.pid(), 'SIGHUP');
  await until(async () => (await place.status()).lastReconcile?.planId !== before, 'the run is over');
  const { lastReconcile } = await place.status();
  expect(lastReconcile).toMatchObject({ trigger: 'sighup', outcome: 'failed' });
  const bad = lastReconcile?.changes.find(({ name }) => name === 'bad');
  expect(bad).toMatchObject({ status: 'failed', error: expect.stringContaining('7') });
  expect((await place.muster('status')).stdout).toContain('bad');
  await write();
  await place.reload();
});

test('29. a run that waits for another gives up after --lock-timeout and names the holder, or waits for its end', async () => {
  const slow = `${config(seconds)}  slow: {command: [sh, -c, "until test -e go; do sleep 0.05; done; sleep 1000"], cwd: ., ready: {file: ready}}\n`;
  await place.write('muster.yaml', slow);
  const first = place.muster('reconcile');
  await until(async () => (await place.list()).some(({ name, state }) => name === 'slow' && state === 'I'), 'the first is under way');
  const second = await place.muster('reconcile', '--lock-timeout', '300ms');
  expect(second).toMatchObject({ code: 9, stderr: expect.stringContaining('reconcile') });
  const third = place.muster('reconcile', '--lock-timeout', '60s');
  await place.write('ready', '');
  expect((await first).code).toBe(0);
  expect((await third).code).toBe(0);
  await write();
  await place.reload();
});

test('30. reconcile --wait gives up on a module that reaches R and dies over and over, and names it', async () => {
  const dying = `${config(seconds)}  dying: {command: [sh, -c, "sleep 0.4; exit 1"], restart: {policy: always, backoff: {initial: 50ms, max: 50ms}}}\n`;
  await place.write('muster.yaml', dying);
  const ran = await place.muster('reconcile', '--wait', '--timeout', '3s');
  expect(ran).toMatchObject({ code: 10, stderr: expect.stringContaining('dying') });
});
