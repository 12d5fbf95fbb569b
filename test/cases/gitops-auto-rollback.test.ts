import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { HistoryDoc } from '../../src/model/generation.ts';
import type { Result } from '../../src/model/plan.ts';
import { connect } from '../../src/socket/client.ts';
import { createPlace, json, type Place, type Ran, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

/** One daemon for all of them; each begins with `a` and `b`. */
const main = 'version: 1\npolicy: {watch: off}\nmodules:\n';
const a = '  a: {command: [sleep, "1001"], stopTimeout: 1s}\n';
const b = '  b: {command: [sleep, "1002"], stopTimeout: 1s}\n';
/** Runs, and dies over and over. */
const sick = '  b: {command: [sh, -c, "sleep 0.4; exit 1"], restart: {policy: always, backoff: {initial: 50ms}}}\n';

let place: Place;

beforeAll(async () => {
  place = await createPlace(main + a + b);
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

beforeEach(async () => {
  await place.write('muster.yaml', main + a + b);
  expect((await place.reload()).ran.code).toBe(0);
});

const run = async (...args: string[]): Promise<{ ran: Ran; result: Result }> => {
  const ran = await place.muster(...args, '-o', 'json');
  return { ran, result: json(ran) as Result };
};
const history = async (): Promise<HistoryDoc> => json(await place.muster('history', '--json')) as HistoryDoc;
const statuses = ({ changes }: Result): string[] => changes.map(({ name, status }) => `${name} ${status}`).sort();
const running = async (): Promise<string[]> => (await place.list()).map(({ name, state }) => `${name} ${state}`);

test('what is not healthy in time is taken back, exit code 10 says why, and the file waits', async () => {
  const { generation } = await place.status();
  const before = identities((await place.list()).filter(({ name }) => name === 'a'));
  await place.write('muster.yaml', `${main + a + sick}  c: {command: [sleep, "1004"], stopTimeout: 1s}\n`);
  const { ran, result } = await run('reconcile', '--auto-rollback', '--timeout', '2500ms');
  expect(ran.code).toBe(10);
  expect(result).toMatchObject({
    outcome: 'failed',
    exitCode: 10,
    rollback: { to: generation, generation: generation + 2, outcome: 'applied', exitCode: 0 },
  });
  expect(statuses(result)).toEqual(['b rolledBack', 'c rolledBack']);
  expect(ran.stderr).toContain('b is not healthy');
  expect(ran.stderr).toContain(`went back to generation ${generation}, as generation ${generation + 2}; automatic runs are paused`);
  expect(await running()).toEqual(['a R', 'b R']);
  expect(identities((await place.list()).filter(({ name }) => name === 'a'))).toEqual(before);
  expect(await place.status()).toMatchObject({ generation: generation + 2, paused: true, healthy: true, drift: [] });
  const { generations } = await history();
  expect(generations[0]).toMatchObject({
    trigger: 'autoRollback',
    rollbackOf: generation,
    reason: `generation ${generation + 1} was not healthy in time`,
  });
  expect((await place.muster('diff', `gen:${generation}`, `gen:${generation + 2}`)).code).toBe(0);
});

test('a run that fails is taken back whole, also what went well in it', async () => {
  const { generation } = await place.status();
  await place.write(
    'muster.yaml',
    `${main + a.replace('1001', '1009')}  d: {command: ["false"], restart: {policy: never}, ready: {alive: 5s}}\n`,
  );
  const { ran, result } = await run('reload', '--auto-rollback', '--timeout', '5s');
  expect(ran.code).toBe(4);
  expect(result).toMatchObject({ outcome: 'failed', rollback: { to: generation, exitCode: 0 } });
  expect(statuses(result)).toEqual(['a rolledBack', 'b rolledBack', 'd failed']);
  expect(await running()).toEqual(['a R', 'b R']);
  expect((await history()).generations[0]).toMatchObject({ reason: `generation ${generation + 1} was not applied whole` });
});

test('what is healthy stays, and nothing waits', async () => {
  const { generation } = await place.status();
  await place.write('muster.yaml', `${main + a + b}  c: {command: [sleep, "1004"], stopTimeout: 1s}\n`);
  const { ran, result } = await run('reconcile', '--auto-rollback', '--timeout', '10s');
  expect(ran).toMatchObject({ code: 0 });
  expect(result).not.toHaveProperty('rollback');
  expect(await place.status()).toMatchObject({ generation: generation + 1, paused: false });
});

test('it goes on when its caller leaves, and lets be what somebody else has changed since', async () => {
  const { generation } = await place.status();
  const asking = async (timeout: number) => {
    await place.write('muster.yaml', main + a + sick);
    const client = await connect({ path: join(place.stateDir, 'muster.sock') });
    const answer = client.request('muster.reconcile', { autoRollback: true, timeout }).catch((error: unknown) => error);
    const now = (await place.status()).generation;
    await until(
      async () => (await place.status()).generation > now || (await history()).generations[0]?.trigger === 'reconcile',
      'it is applied',
    );
    return { client, answer };
  };
  const left = await asking(2500);
  left.client.close();
  await until(async () => (await history()).generations[0]?.trigger === 'autoRollback', 'it went back');
  expect(await place.status()).toMatchObject({ generation: generation + 2, paused: true });

  const { client, answer } = await asking(5000);
  await place.write('muster.yaml', main + a.replace('1001', '1009') + sick);
  expect((await place.reload()).ran.code).toBe(0);
  const result = (await answer) as Result;
  client.close();
  expect(result).toMatchObject({ exitCode: 6, diagnostics: expect.arrayContaining([expect.objectContaining({ code: 'autoRollback' })]) });
  expect(result.diagnostics.at(-1)?.message).toContain('is not in force any more');
  expect(await place.status()).toMatchObject({ generation: generation + 4, paused: false });
});

test('of one module there is no generation to go back to', async () => {
  expect(await place.muster('reload', '--auto-rollback', 'a')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EINVAL)') });
});

test('it goes on after a death of the daemon, for who asked for it', async () => {
  const { generation } = await place.status();
  await place.write('muster.yaml', main + a + sick);
  const asked = place.muster('reload', '--auto-rollback', '--timeout', '6s', '--reason', 'INC-9');
  await until(async () => (await place.status()).generation > generation, 'it is applied');
  await place.kill();
  expect((await asked).code).not.toBe(0);
  await place.up();
  await until(async () => (await history()).generations[0]?.trigger === 'autoRollback', 'it went back');
  const [last] = (await history()).generations;
  expect(last).toMatchObject({
    rollbackOf: generation,
    reason: `generation ${generation + 1} was not healthy in time`,
    by: expect.any(String),
  });
  expect(await running()).toEqual(['a R', 'b R']);
  expect(await place.status()).toMatchObject({ generation: generation + 2, paused: true });
});
