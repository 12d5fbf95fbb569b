import { expect, test } from 'vitest';
import { createRuns } from '../../src/engine/runs.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function harness() {
  const clock = createFakeClock();
  const begun: { trigger: string; count: number; end(): void }[] = [];
  const runs = createRuns<number, string>(
    clock,
    (options, trigger) =>
      new Promise((resolve) => {
        begun.push({ trigger, count: options.length, end: () => resolve(`run ${begun.length}`) });
      }),
  );
  const ask = (key = 'plain', lockTimeout?: number) => runs.request({ key, trigger: key, options: 1, lockTimeout });
  return { clock, begun, runs, ask };
}

test('requests that come while a run is under way become exactly one more', async () => {
  const { clock, begun, ask } = harness();
  const first = ask();
  await clock.flush();
  const rest = Array.from({ length: 50 }, () => ask());
  await clock.flush();
  expect(begun).toHaveLength(1);
  begun[0]?.end();
  expect(await first).toBe('run 1');
  await clock.flush();
  expect(begun).toHaveLength(2);
  expect(begun[1]?.count).toBe(50);
  begun[1]?.end();
  expect(new Set(await Promise.all(rest))).toEqual(new Set(['run 2']));
  await clock.flush();
  expect(begun).toHaveLength(2);
});

test('a caller never gets the result of a run that began before it asked', async () => {
  const { clock, begun, ask } = harness();
  void ask();
  await clock.flush();
  const late = ask();
  begun[0]?.end();
  await clock.flush();
  begun[1]?.end();
  expect(await late).toBe('run 2');
});

test('runs with other options are runs of their own, one after another', async () => {
  const { clock, begun, ask } = harness();
  void ask('plain');
  void ask('atomic');
  await clock.flush();
  expect(begun.map((run) => run.trigger)).toEqual(['plain']);
  begun[0]?.end();
  await clock.flush();
  expect(begun.map((run) => run.trigger)).toEqual(['plain', 'atomic']);
});

test('a caller with a lock timeout gives up with EALREADY, naming the holder, and its run does not happen', async () => {
  const { clock, begun, ask } = harness();
  void ask('slow');
  await clock.flush();
  const refused = ask('mine', 500);
  const outcome = expect(refused).rejects.toMatchObject({ code: 'EALREADY', message: expect.stringContaining('slow') });
  await clock.advance(500);
  await outcome;
  begun[0]?.end();
  await clock.flush();
  expect(begun).toHaveLength(1);
});

test('a caller that gave up leaves none of its options to the run it would have shared', async () => {
  const { clock, begun, ask } = harness();
  void ask('slow');
  await clock.flush();
  const patient = ask('mine');
  const outcome = expect(ask('mine', 500)).rejects.toMatchObject({ code: 'EALREADY' });
  await clock.advance(500);
  await outcome;
  begun[0]?.end();
  await clock.flush();
  expect(begun[1]?.count).toBe(1);
  begun[1]?.end();
  expect(await patient).toBe('run 2');
});

test('a lock timeout also counts where the run before it was asked for in the same turn', async () => {
  const { clock, begun, ask } = harness();
  void ask('slow');
  const outcome = expect(ask('mine', 500)).rejects.toMatchObject({ code: 'EALREADY' });
  await clock.advance(500);
  await outcome;
  expect(begun.map((run) => run.trigger)).toEqual(['slow']);
});

test('a run that throws fails its callers and the next one runs all the same', async () => {
  const clock = createFakeClock();
  let calls = 0;
  const runs = createRuns<null, number>(clock, async () => {
    calls += 1;
    if (calls === 1) throw new Error('no');
    return calls;
  });
  await expect(runs.request({ key: 'a', trigger: 'a', options: null })).rejects.toThrow('no');
  expect(await runs.request({ key: 'a', trigger: 'a', options: null })).toBe(2);
  await runs.idle();
  expect(runs.current()).toBeNull();
});
