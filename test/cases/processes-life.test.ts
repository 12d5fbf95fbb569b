import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventDoc, InfoDoc, ModuleView } from '../../src/model/documents.ts';
import { createPlace, isAlive, json, type Place, until } from '../support/place.ts';

/** A program that says so once it runs, which is when its `ready` test passes. */
const sh = (script: string, more = ''): string =>
  `{command: [sh, -c, ${JSON.stringify(script).replaceAll('$', '$$$$')}], cwd: .${more === '' ? '' : `, ${more}`}}`;
const soon = 'ready: {alive: 20ms}';
/** It runs until it may end: that it did is not left to chance. */
const atGate = 'until test -e go; do sleep 0.1; done; ';
const fast = 'backoff: {initial: 50ms, resetAfter: 1m}';

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
  }, 60_000);
  afterAll(() => place?.[Symbol.asyncDispose]());

  const events = async (name: string): Promise<EventDoc[]> =>
    (await place.muster('events', '--json')).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EventDoc)
      .filter((event) => event.name === name);

  test('exits with 0 and with 3, a SIGSEGV and a real-time signal are told apart', async () => {
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

  test('it is restarted only where its policy says so, and as its exit codes are declared', async () => {
    for (const name of ['failing1', 'always0', 'always1'])
      await until(async () => (await place.module(name)).restarts > 0, `${name} is back`);
    for (const name of ['never0', 'failing0', 'declared143']) {
      await until(async () => (await place.module(name)).state === 'E', `${name} is over`);
      expect(await place.module(name)).toMatchObject({ restarts: 0, failed: false, healthy: true });
    }
    await until(async () => (await place.module('declared3')).state === 'E', 'declared3 is over');
    expect(await place.module('declared3')).toMatchObject({ restarts: 0, failed: true, healthy: false });
  });

  test('what a program that ends leaves behind is dead by then', async () => {
    await until(async () => (await place.module('leaves')).state === 'E', 'it has ended');
    expect(isAlive(Number(readFileSync(join(place.dir, 'left.pid'), 'utf8')))).toBe(false);
  });

  test('delays grow up to the longest, and B is shown in between', async () => {
    const restarts = async (): Promise<EventDoc[]> => (await events('grows')).filter(({ type }) => type === 'restart');
    await until(async () => (await restarts()).some(({ fields }) => Number(fields?.attempt) >= 4), 'it was restarted four times');
    const expected = ({ attempt }: Record<string, unknown>): number => Math.min(100 * 2 ** (Number(attempt) - 1), 400);
    for (const { fields = {} } of await restarts()) {
      expect(Number(fields.delayMs)).toBeGreaterThanOrEqual(expected(fields) * 0.9);
      expect(Number(fields.delayMs)).toBeLessThanOrEqual(Math.min(expected(fields) * 1.1, 400));
    }
    expect((await events('grows')).map(({ fields }) => fields?.to)).toContain('B');
  });

  test('beyond its limit it stays failed, with its last words', async () => {
    await until(async () => (await place.module('limited')).failed, 'it gave up');
    const info = json(await place.muster('info', 'limited', '--json')) as InfoDoc;
    expect(info).toMatchObject({ state: 'E', restarts: 2, healthy: false, output: expect.arrayContaining(['the last words']) });
    expect(info.status?.message).toContain('restarted 2 times within 1m');
    expect((await place.status()).unhealthy.map(({ name }) => name)).toContain('limited');
  });

  test('one that waits for its restart is gone with its removal', async () => {
    await until(async () => (await place.module('resting')).state === 'B', 'it waits');
    expect(await place.muster('remove', 'resting')).toMatchObject({ code: 0 });
    expect((await place.list()).map(({ name }) => name)).not.toContain('resting');
    expect(readFileSync(join(place.dir, 'rested'), 'utf8')).toBe('x\n');
  });

  test('it is asked to stop by its own signal, and killed where it ignores that', async () => {
    const { pid } = await place.module('deaf');
    expect(await place.muster('remove', 'polite', 'deaf')).toMatchObject({ code: 0 });
    expect(readFileSync(join(place.dir, 'polite.got'), 'utf8')).toBe('INT\n');
    expect(isAlive(pid ?? 0)).toBe(false);
  });

  test('signals to its own process group reach nobody else', async () => {
    await until(() => exists(place, 'loud.done'), 'it has sent them');
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

  test('one that ignores its stop keeps none of the others', async () => {
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

test.concurrent('a oneshot is done when it has ended with success, and only once', async () => {
  const config = (script: string, more = ''): string => `version: 1
modules:
  migrate: ${sh(`echo ${script} >> runs; sleep 0.3; exit 3`, `oneshot: true, exitStatus: {success: [3]}, requires: [before]${more}`)}
  before: ${sh('test -e broken && { echo no such table >&2; exit 1; }; echo before >> runs', 'oneshot: true')}
  retried: ${sh('echo x >> tried; test $(wc -l < tried) -ge 3', `oneshot: true, restart: {policy: onFailure, ${fast}}`)}
  web: ${sh('echo web >> runs; exec sleep 1000', `${soon}, requires: [migrate, retried]`)}
`;
  await using place = await createPlace(config('first'));
  const runs = (): string[] => readIn(place, 'runs').trim().split('\n');
  const modules = async (): Promise<Record<string, ModuleView>> =>
    Object.fromEntries((await place.list()).map((module) => [module.name, module]));

  // It waits for it, what requires it too; a failed one is tried by the next run that is asked for.
  await place.write('broken', '');
  const failed = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect([failed.code, failed.stderr + failed.stdout]).toEqual([6, expect.stringContaining('no such table')]);
  expect(await place.module('before')).toMatchObject({ state: 'E', failed: true, finished: false, restarts: 0 });
  expect(readIn(place, 'runs')).toBe('');
  await rm(join(place.dir, 'broken'));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(0);
  expect(result.changes.find(({ name }) => name === 'before')?.reason.code).toBe('failed');
  expect(runs()).toEqual(['before', 'first', 'web']);
  const finished = {
    state: 'E',
    failed: false,
    finished: true,
    healthy: true,
    status: { message: expect.stringMatching(/^finished after /) },
  };
  const once = await modules();
  expect(once.migrate).toMatchObject({ ...finished, lastExit: { code: 3 } });
  expect(once.retried).toMatchObject({ ...finished, restarts: 2 });
  expect(once.web).toMatchObject({ state: 'R', waitingFor: [] });
  expect((await place.muster('list')).stdout).toMatch(/migrate .* E .*finished after/);
  expect(await place.status()).toMatchObject({ healthy: true, synced: true });

  // Not again by itself: not by a run, not by the next daemon.
  expect((await place.reload()).result.outcome).toBe('noChanges');
  await place.kill();
  await place.up();
  expect(runs().filter((line) => line !== 'web')).toEqual(['before', 'first']);
  expect((await modules()).migrate).toMatchObject(finished);

  // Again when it changes in what makes it, and when it is asked for; a change that is live is none.
  await place.write('muster.yaml', config('first', ', stopTimeout: 5s'));
  expect((await place.reload()).result.summary).toMatchObject({ reconfigure: 1, reload: 0 });
  await place.write('muster.yaml', config('second'));
  expect((await place.reload()).ran.code).toBe(0);
  for (const command of ['restart', 'reload', 'load']) expect(await place.muster(command, 'migrate')).toMatchObject({ code: 0 });
  expect(runs().filter((line) => line !== 'web')).toEqual(['before', 'first', 'second', 'second', 'second', 'second']);

  // Stopped on its way it has not finished, and nobody waits for it any longer.
  const slowly = config('slow').replace('sleep 0.3;', 'sleep 1000;');
  await place.write('muster.yaml', slowly);
  for (const command of ['stop', 'remove']) {
    const slow = command === 'stop' ? place.reload().then(({ ran }) => ran) : place.muster('start', 'migrate');
    await until(async () => (await place.module('migrate')).state === 'I' && runs().at(-1) === 'slow', 'it runs');
    expect(await place.status()).toMatchObject({ healthy: false });
    const pid = (await place.module('migrate')).pid ?? 0;
    expect(await place.muster(command, 'migrate', ...(command === 'remove' ? ['--recursive'] : []))).toMatchObject({ code: 0 });
    expect((await slow).code).not.toBe(0);
    expect(isAlive(pid)).toBe(false);
    const left = (await place.list()).find(({ name }) => name === 'migrate');
    if (command === 'remove') expect(left).toBeUndefined();
    else expect(left).toMatchObject({ state: 'E', failed: false, finished: false, held: { stopped: true } });
  }
}, 120_000);

test.concurrent('a program is told that its files changed, by a run or by the watcher, instead of being started again', async () => {
  const reader = (more: string): string =>
    `{command: [node, -e, "process.on('SIGHUP', () => console.log('hup')); setInterval(() => {}, 1000); console.log('up')"], ready: {log: up}, ${more}}`;
  await using place = await createPlace(`version: 1
policy: {watch: off}
modules:
  web: ${reader('files: [web.conf], reloadSignal: SIGHUP')}
  watched: ${reader('files: [watched.conf], reloadSignal: SIGHUP, watch: true')}
  plain: ${reader('files: [web.conf]')}
`);
  await place.write('web.conf', '1');
  await place.write('watched.conf', '1');
  await place.up();
  const hups = async (name: string): Promise<number> =>
    (json(await place.muster('info', name, '--json')) as InfoDoc).output.filter((line) => line === 'hup').length;
  const pids = async (): Promise<Record<string, number | null>> =>
    Object.fromEntries((await place.list()).map(({ name, pid }) => [name, pid]));
  const before = await pids();

  await place.write('web.conf', '2');
  await until(async () => (await place.dryRun()).plan.changes.length === 2, 'the files are whole');
  const { result } = await place.reload();
  expect(result.changes.map(({ name, action, fields }) => [name, action, fields.map(({ path, live }) => [path, live])])).toEqual([
    ['plain', 'reload', [['code', false]]],
    ['web', 'reconfigure', [['files', true]]],
  ]);
  await until(async () => (await hups('web')) === 1, 'it was told');
  expect((await place.reload()).result.outcome).toBe('noChanges');

  await place.write('watched.conf', '2');
  await until(async () => (await hups('watched')) === 1, 'the watcher has told it');
  const after = await pids();
  expect([after.web, after.watched, after.plain === before.plain]).toEqual([before.web, before.watched, false]);

  // By name it is the same; a restart, and a reload by force, make a new one.
  expect(await place.muster('reload', 'web')).toMatchObject({ code: 0 });
  await until(async () => (await hups('web')) === 2, 'it was told again');
  expect((await pids()).web).toBe(before.web);
  expect(await place.muster('reload', '-f', 'web')).toMatchObject({ code: 0 });
  expect((await pids()).web).not.toBe(before.web);
}, 120_000);

test.concurrent('the daemon ends, with all that runs, when a critical module fails for good', async () => {
  const config = (db: string): string =>
    `version: 1\nmodules:\n  db: ${sh(db, `${soon}, critical: true, restart: {policy: never}`)}\n  web: ${sh('exec sleep 1000', `${soon}, requires: [db]`)}\n`;
  await using place = await createPlace(config('echo no disk >&2; exit 1'));
  const failed = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('db is critical and failed')]);
  expect(await place.muster('list')).toMatchObject({ code: 3 });

  await place.write('muster.yaml', config('while ! test -e end; do sleep 0.1; done; exit 9'));
  await place.up();
  const pid = await place.pid();
  const web = (await place.module('web')).pid ?? 0;
  // A change that is taken back has failed, but not for good; and what never ran takes nothing down.
  await place.write('muster.yaml', `${config('exit 1')}  late: ${sh('exit 1', `${soon}, critical: true`)}\n`);
  const { result } = await place.reload();
  expect(result.changes.map(({ name, status }) => [name, status])).toEqual([
    ['db', 'reverted'],
    ['late', 'failed'],
  ]);
  expect(await place.module('db')).toMatchObject({ state: 'R' });

  await place.write('end', '');
  await until(() => !isAlive(pid), 'the daemon has ended');
  expect(isAlive(web)).toBe(false);
  expect(readIn(place, 'state/log/muster.log')).toContain('db is critical and failed: exited with code 9; everything was stopped');
}, 120_000);

test.concurrent('a module that ends again and again is not healthy, also while it runs, until it holds', async () => {
  // It runs for longer than resetAfter each time, so that its delays stay short.
  await using place = await createPlace(`version: 1
modules:
  loops: ${sh(`${atGate}test -e fixed && exec sleep 1000; sleep 0.3; exit 4`, `${soon}, restart: {backoff: {initial: 10ms, max: 50ms, resetAfter: 250ms}}`)}
`);
  await place.up();
  await place.write('go', '');
  const find = async (): Promise<string | undefined> => (await place.status()).unhealthy.find(({ name }) => name === 'loops')?.reason;
  await until(async () => (await find())?.startsWith('restarted ') === true, 'it is seen');
  expect(await find()).toMatch(/^restarted \d+ times within 15s; last: exited with code 4$/);
  await until(async () => {
    const { state, healthy } = await place.module('loops');
    return state === 'R' && !healthy;
  }, 'it runs and is not healthy');
  await place.write('fixed', '');
  await until(async () => (await place.module('loops')).healthy, 'it holds');
  expect(await place.module('loops')).toMatchObject({ state: 'R', status: { message: '' } });
  const told = (await place.muster('events')).stdout.split('\n').filter((line) => line.includes(' health '));
  expect(told).toEqual([expect.stringContaining('loops: restarted 5 times'), expect.stringContaining('loops: holds again')]);
}, 120_000);

function exists(place: Place, file: string): boolean {
  return readIn(place, file) !== '';
}

function readIn(place: Place, file: string): string {
  try {
    return readFileSync(join(place.dir, file), 'utf8');
  } catch {
    return '';
  }
}
