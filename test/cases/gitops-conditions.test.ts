import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Condition } from '../../src/model/status-doc.ts';
import { createPlace, type Place, until } from '../support/place.ts';

/** One daemon for all of them. */
let place: Place;
const config = (more = '') => `version: 1
policy: {watch: plan}
modules:
  a: {command: [sleep, "1001"]}
  b: {command: [sleep, "1002"]}
  c: {command: [sleep, "1003"]}
  d: {command: [sleep, "1004"]}
${more}`;
const flaky = '  e: {command: [sh, -c, "[ -e down ] && exit 7; echo up; exec sleep 1005"], restart: {policy: never}, ready: {log: up}}\n';

const conditions = async (): Promise<Record<string, Condition>> =>
  Object.fromEntries((await place.status()).conditions.map((condition) => [condition.type, condition]));
const reload = async (text: string): Promise<number | null> => {
  await place.write('muster.yaml', text);
  return (await place.muster('reload')).code;
};
/** ms from then to the time a condition gives. */
const after = (then: number, { since }: Condition): number => Date.parse(since) - then;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  place = await createPlace(config());
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

test('all is as it should be from the start of the daemon on', async () => {
  const { startedAt, conditions: all } = await place.status();
  expect(all.map(({ type, status }) => `${type} ${status}`)).toEqual([
    'Ready true',
    'Reconciling false',
    'Stalled false',
    'Synced true',
    'Recording true',
    'Auditing true',
    'Logging true',
    'Keeping true',
    'Drifted false',
    'Held false',
    'Paused false',
  ]);
  for (const { type, since, reason } of all) {
    expect(reason, type).not.toBe('');
    expect(Date.parse(since) - Date.parse(startedAt), type).toBeLessThan(10_000);
  }
});

test('a condition tells when it came to be so, though nobody asked meanwhile', async () => {
  const then = Date.now();
  expect((await place.muster('remove', 'd')).code).toBe(0);
  expect((await place.muster('hold', 'a', '--reason', 'INC-7')).code).toBe(0);
  const done = Date.now();
  await pause(2500);
  const { Drifted, Held, Synced } = await conditions();
  expect(Drifted).toMatchObject({ status: true, reason: 'drifted', message: 'd: not loaded' });
  expect(Held).toMatchObject({ status: true, reason: 'held', message: 'a: INC-7' });
  for (const one of [Drifted, Held]) {
    expect(after(then, one as Condition)).toBeGreaterThanOrEqual(0);
    expect(after(done, one as Condition)).toBeLessThan(2400);
  }
  expect(Synced).toMatchObject({ status: false, reason: 'changesPending', message: 'pending: load d' });
  expect((await place.muster('release', 'a')).code).toBe(0);
  expect(await reload(config())).toBe(0);
  expect(await conditions()).toMatchObject({ Drifted: { status: false }, Held: { status: false }, Synced: { status: true } });
});

test('a broken file is not ready and stalled, with the place; mending it ends that', async () => {
  expect(await reload('version: 1\nmodules: {a: 5}\n')).toBe(1);
  const place1 = expect.stringContaining('muster.yaml:2:');
  expect(await conditions()).toMatchObject({
    Ready: { status: false, reason: 'configInvalid', message: place1 },
    Stalled: { status: true, reason: 'configInvalid', message: place1 },
    Synced: { status: false, reason: 'configInvalid' },
  });
  expect(await reload(config())).toBe(0);
  expect(await conditions()).toMatchObject({ Ready: { status: true }, Stalled: { status: false }, Synced: { status: true } });
});

test('what a guard refuses is stalled until it is asked for otherwise', async () => {
  expect(await reload('version: 1\nmodules:\n  a: {command: [sleep, "1001"]}\n')).toBe(8);
  expect(await conditions()).toMatchObject({ Stalled: { status: true, reason: 'refused', message: expect.stringContaining('removals') } });
  expect(await reload(config())).toBe(0);
  expect(await conditions()).toMatchObject({ Stalled: { status: false } });
});

test('a module that failed for good is stalled, and not ready since it failed', async () => {
  expect(await reload(config(flaky))).toBe(0);
  expect((await conditions()).Ready).toMatchObject({ status: true });
  await place.write('down', '');
  const then = Date.now();
  expect((await place.muster('restart', 'e')).code).not.toBe(0);
  const done = Date.now();
  await pause(1500);
  const { Ready, Stalled } = await conditions();
  expect(Ready).toMatchObject({ status: false, reason: 'unhealthy', message: expect.stringContaining('e: ') });
  expect(after(then, Ready as Condition)).toBeGreaterThanOrEqual(0);
  expect(after(done, Ready as Condition)).toBeLessThanOrEqual(0);
  expect(Stalled).toMatchObject({ status: true, reason: 'failed', message: 'e failed and is not tried again' });
});

test('--check and --wait say by exit code 10 what is missing, with its name; and are content once it is not', async () => {
  expect((await place.muster('status', '--check')).code).toBe(10);
  const waited = await place.muster('status', '--wait', 'healthy', '--timeout', '300ms', '--json');
  expect(waited.code).toBe(10);
  expect(JSON.parse(waited.stdout)).toMatchObject({ healthy: false, unhealthy: [{ name: 'e' }] });
  await rm(join(place.dir, 'down'));
  const waiting = place.muster('status', '--wait', 'synced,healthy', '--timeout', '60s');
  expect((await place.muster('reload', '--wait', '--timeout', '60s')).code).toBe(0);
  expect((await waiting).code).toBe(0);
  expect((await place.muster('status', '--check')).code).toBe(0);

  await place.write('muster.yaml', config(`${flaky}  late: {command: [sleep, "1006"]}\n`));
  const pending = await place.muster('status', '--wait', 'synced', '--timeout', '300ms');
  expect(pending.code).toBe(10);
  expect(pending.stdout).toContain('1 to load');
  const looping = '  loop: {command: [sh, -c, "sleep 0.2; exit 3"], ready: {alive: 50ms}}\n';
  await place.write('muster.yaml', config(flaky + looping));
  const ran = await place.muster('reload', '--wait', '--timeout', '1500ms');
  expect(ran).toMatchObject({ code: 10 });
  expect(ran.stdout + ran.stderr).toContain('loop is not healthy');
  expect(await reload(config(flaky))).toBe(0);
});

test('a run under way shows as reconciling, and who asked for it', async () => {
  await place.write('muster.yaml', config(`${flaky}  slow: {command: [sleep, "1007"], ready: {alive: 2s}}\n`));
  const run = place.muster('reload');
  await until(async () => (await conditions()).Reconciling?.status === true, 'the run shows');
  expect((await conditions()).Reconciling).toMatchObject({ reason: 'run', message: 'a run asked for by reload' });
  expect((await run).code).toBe(0);
  expect((await conditions()).Reconciling).toMatchObject({ status: false });
});

test('going back pauses what runs by itself: it is stalled, since then and with the reason, until somebody asks for a run', async () => {
  const then = Date.now();
  expect((await place.muster('rollback', '--reason', 'slow is bad')).code).toBe(0);
  const { Paused, Stalled } = await conditions();
  expect(Paused).toMatchObject({ status: true, reason: 'rolledBack', message: expect.stringContaining('slow is bad') });
  expect(after(then, Paused as Condition)).toBeGreaterThanOrEqual(0);
  expect(Stalled).toMatchObject({ status: true, reason: 'paused' });
  expect((await place.muster('reload')).code).toBe(0);
  expect(await conditions()).toMatchObject({ Paused: { status: false }, Stalled: { status: false } });
});

test('another daemon that takes over knows since when all is as it is', async () => {
  expect((await place.muster('hold', 'b', '--reason', 'INC-8')).code).toBe(0);
  expect((await place.muster('remove', 'd')).code).toBe(0);
  await until(async () => (await conditions()).Drifted?.status === true, 'drift shows');
  const before = await conditions();
  expect((await place.muster('up', '-d', '-c', 'muster.yaml', '--replace')).code).not.toBeNull();
  const now = await conditions();
  for (const type of ['Ready', 'Held', 'Recording', 'Paused']) expect([type, now[type]?.since]).toEqual([type, before[type]?.since]);
});
