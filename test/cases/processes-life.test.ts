import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventDoc, InfoDoc } from '../../src/model/documents.ts';
import { createPlace, isAlive, json, type Place, until } from '../support/place.ts';
import { atGate, fast, readIn, sh, soon } from '../support/shell.ts';

describe('one daemon', () => {
  let place: Place;

  beforeAll(async () => {
    const twenty = Array.from({ length: 19 }, (_, index) => `  drop${index}: ${sh('exec sleep 1000', soon)}\n`).join('');
    place = await createPlace(`version: 1
policy: {maxRemovals: 100%}
modules:
  stays: ${sh('exec sleep 1000', soon)}
  never0: ${sh(`${atGate}exit 0`, `${soon}, restart: {policy: never}`)}
  never3: ${sh(`echo one >&2; ${atGate}echo two >&2; exit 3`, `${soon}, restart: {policy: never}`)}
  neverSegv: ${sh(`${atGate}kill -SEGV $$`, `${soon}, restart: {policy: never}`)}
  neverRealTime: ${sh(`${atGate}kill -37 $$`, `${soon}, restart: {policy: never}`)}
  failing0: ${sh(`${atGate}exit 0`, `${soon}, restart: {policy: onFailure, ${fast}}`)}
  failing1: ${sh(`${atGate}exit 1`, `${soon}, restart: {policy: onFailure, ${fast}}`)}
  always0: ${sh(`${atGate}exit 0`, `${soon}, restart: {policy: always, ${fast}}`)}
  always1: ${sh(`${atGate}exit 1`, `${soon}, restart: {policy: always, ${fast}}`)}
  declared143: ${sh(`${atGate}exit 143`, `${soon}, exitStatus: {success: [0, 143]}, restart: {policy: onFailure, ${fast}}`)}
  declared3: ${sh(`${atGate}exit 3`, `${soon}, exitStatus: {noRestart: [3]}, restart: {policy: always, ${fast}}`)}
  leaves: ${sh(`sleep 1000 & echo $! > left.pid; ${atGate}`, `${soon}, restart: {policy: never}`)}
  grows: ${sh(`${atGate}exit 1`, `${soon}, restart: {backoff: {initial: 100ms, max: 400ms, resetAfter: 1m}}`)}
  limited: ${sh(`${atGate}echo the last words >&2; exit 7`, `${soon}, restart: {limit: {count: 2, within: 1m}, ${fast}}`)}
  resting: ${sh(`echo x >> rested; ${atGate}exit 1`, `${soon}, restart: {backoff: {initial: 1m}}`)}
  polite: ${sh("trap 'echo INT > polite.got; exit 0' INT; trap 'echo TERM > polite.got; exit 0' TERM; while :; do sleep 0.1; done", `${soon}, stopSignal: SIGINT`)}
  deaf: ${sh("trap '' INT; while :; do sleep 0.1; done", `${soon}, stopSignal: SIGINT, stopTimeout: 500ms`)}
  loud: ${sh("trap '' TERM HUP; kill -TERM 0; kill -HUP 0; echo done > loud.done; while :; do sleep 0.1; done", `${soon}, stopTimeout: 200ms`)}
  hears: {command: [node, -e, "for (const s of ['SIGHUP', 'SIGUSR2']) process.on(s, () => console.log('heard ' + s)); setInterval(() => {}, 1000)"]}
  stubborn: ${sh("trap '' TERM; while :; do sleep 0.1; done", `${soon}, stopTimeout: 3s`)}
${twenty}`);
    await place.up();
    await place.write('go', '');
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  const events = async (name: string): Promise<EventDoc[]> =>
    (await place.muster('events', '--json')).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EventDoc)
      .filter((event) => event.name === name);

  test('4. exits with 0 and with 3, a SIGSEGV and a real-time signal are told apart', async () => {
    const names = ['never0', 'never3', 'neverSegv', 'neverRealTime'];
    await until(
      async () => (await place.list()).filter(({ name, state }) => names.includes(name) && state === 'E').length === 4,
      'all ended',
    );
    const exits = Object.fromEntries((await place.list()).map(({ name, failed, lastExit }) => [name, { ...lastExit, failed }]));
    expect(exits.never0).toMatchObject({ code: 0, signal: null, failed: false });
    expect(exits.never3).toMatchObject({ code: 3, signal: null, failed: true, reason: 'exited with code 3' });
    expect(exits.neverSegv).toMatchObject({ code: null, signal: 'SIGSEGV', failed: true });
    expect(exits.neverRealTime).toMatchObject({ code: null, signal: 'SIGRTMIN+3', failed: true });
    const info = json(await place.muster('info', 'never3', '--json')) as InfoDoc;
    expect(info).toMatchObject({ failed: true, output: expect.arrayContaining(['two']) });
  });

  test('5 and 6. it is restarted only where its policy says so, and as its exit codes are declared', async () => {
    for (const name of ['failing1', 'always0', 'always1'])
      await until(async () => (await place.module(name)).restarts > 0, `${name} is back`);
    for (const name of ['never0', 'failing0', 'declared143']) {
      await until(async () => (await place.module(name)).state === 'E', `${name} is over`);
      expect(await place.module(name)).toMatchObject({ restarts: 0, failed: false, healthy: true });
    }
    await until(async () => (await place.module('declared3')).state === 'E', 'declared3 is over');
    expect(await place.module('declared3')).toMatchObject({ restarts: 0, failed: true, healthy: false });
  });

  test('12. what a program that ends leaves behind is dead by then', async () => {
    await until(async () => (await place.module('leaves')).state === 'E', 'it has ended');
    expect(isAlive(Number(readIn(place, 'left.pid')))).toBe(false);
  });

  test('7. delays grow up to the longest, and B is shown in between', async () => {
    const restarts = async (): Promise<EventDoc[]> => (await events('grows')).filter(({ type }) => type === 'restart');
    await until(async () => (await restarts()).some(({ fields }) => Number(fields?.attempt) >= 4), 'it was restarted four times');
    const expected = ({ attempt }: Record<string, unknown>): number => Math.min(100 * 2 ** (Number(attempt) - 1), 400);
    for (const { fields = {} } of await restarts()) {
      expect(Number(fields.delayMs)).toBeGreaterThanOrEqual(expected(fields) * 0.9);
      expect(Number(fields.delayMs)).toBeLessThanOrEqual(Math.min(expected(fields) * 1.1, 400));
    }
    expect((await events('grows')).map(({ fields }) => fields?.to)).toContain('B');
  });

  test('7. beyond its limit it stays failed, with its last words', async () => {
    await until(async () => (await place.module('limited')).failed, 'it gave up');
    const info = json(await place.muster('info', 'limited', '--json')) as InfoDoc;
    expect(info).toMatchObject({ state: 'E', restarts: 2, healthy: false, output: expect.arrayContaining(['the last words']) });
    expect(info.status?.message).toContain('restarted 2 times within 1m');
    expect((await place.status()).unhealthy.map(({ name }) => name)).toContain('limited');
  });

  test('33. one that waits for its restart is gone with its removal', async () => {
    await until(async () => (await place.module('resting')).state === 'B', 'it waits');
    expect(await place.muster('remove', 'resting')).toMatchObject({ code: 0 });
    expect((await place.list()).map(({ name }) => name)).not.toContain('resting');
    expect(readIn(place, 'rested')).toBe('x\n');
  });

  test('9. it is asked to stop by its own signal, and killed where it ignores that', async () => {
    const { pid } = await place.module('deaf');
    expect(await place.muster('remove', 'polite', 'deaf')).toMatchObject({ code: 0 });
    expect(readIn(place, 'polite.got')).toBe('INT\n');
    expect(isAlive(pid ?? 0)).toBe(false);
  });

  test('34. signals to its own process group reach nobody else', async () => {
    await until(() => readIn(place, 'loud.done') !== '', 'it has sent them');
    expect(await place.module('stays')).toMatchObject({ state: 'R', restarts: 0 });
    expect(await place.module('loud')).toMatchObject({ state: 'R', restarts: 0 });
  });

  test('signals are sent by name and by number, and others than there are come with a hint', async () => {
    const output = async (): Promise<string[]> => (json(await place.muster('info', 'hears', '--json')) as InfoDoc).output;
    await place.muster('signal', 'hears', 'HUP');
    await until(async () => (await output()).includes('heard SIGHUP'), 'HUP was heard');
    await place.muster('signal', 'hears', '12');
    await until(async () => (await output()).includes('heard SIGUSR2'), '12 was heard');
    for (const signal of ['FOO', '0', '65', 'SIGRTMIN+31']) {
      const refused = await place.muster('signal', 'hears', signal);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`there is no signal "${signal}"`)]);
      expect(refused.stderr).toContain('kill -l');
    }
    const { pid } = await place.module('hears');
    expect(await place.muster('signal', 'hears', 'SIGRTMIN+4')).toMatchObject({ code: 0 });
    await until(async () => (await place.module('hears')).lastExit?.signal === 'SIGRTMIN+4', 'it died of it');
    expect(isAlive(pid ?? 0)).toBe(false);
    expect((await place.muster('signal', 'never0', 'HUP')).stderr).toContain('is not running (ENOENT)');
  });

  test('commands are stopped, started and restarted by name', async () => {
    const { pid } = await place.module('stays');
    expect(await place.muster('restart', 'stays')).toMatchObject({ code: 0 });
    expect((await place.module('stays')).pid).not.toBe(pid);
    expect(await place.muster('stop', 'stays')).toMatchObject({ code: 0 });
    expect(await place.module('stays')).toMatchObject({ state: 'E', failed: false, pid: null });
    expect(await place.muster('start', 'stays')).toMatchObject({ code: 0 });
    expect((await place.module('stays')).state).toBe('R');
  });

  test('32. one that ignores its stop keeps none of the others', async () => {
    const { pid: stubborn } = await place.module('stubborn');
    const others = (await place.list()).filter(({ name }) => name.startsWith('drop')).map(({ pid }) => pid ?? 0);
    expect(others).toHaveLength(19);
    await place.write('muster.yaml', `version: 1\npolicy: {maxRemovals: 100%}\nmodules:\n  stays: ${sh('exec sleep 1000', soon)}\n`);
    const reloading = place.reload();
    await until(() => !others.some(isAlive), 'the others are gone');
    expect(isAlive(stubborn ?? 0)).toBe(true);
    const { ran, result } = await reloading;
    expect([ran.code, result.summary.remove >= 20]).toEqual([0, true]);
    expect(isAlive(stubborn ?? 0)).toBe(false);
  });
});
