import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InfoDoc, ModuleView } from '../../src/model/documents.ts';
import { createPlace, isAlive, json, until } from '../support/place.ts';
import { atGate, fast, readIn, sh, soon } from '../support/shell.ts';

test.concurrent('a oneshot is done when it has ended with success, and only once', async () => {
  const config = (script: string, more = ''): string => `version: 1
modules:
  migrate: ${sh(`echo ${script} >> runs; sleep 0.3; exit 3`, `oneshot: true, exitStatus: {success: [3]}, requires: [before]${more}`)}
  before: ${sh('test -e broken && { echo no such table >&2; exit 1; }; echo before >> runs', 'oneshot: true')}
  retried: ${sh('echo x >> tried; test $(wc -l < tried) -ge 3', `oneshot: true, restart: {policy: onFailure, ${fast}}`)}
  web: ${sh('echo web >> runs; echo up; exec sleep 1000', `ready: {log: up}, requires: [migrate, retried]`)}
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
});

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
});

test.concurrent('the daemon ends, with all that runs, when a critical module fails for good', async () => {
  const config = (db: string, ready = soon): string =>
    `version: 1\nmodules:\n  db: ${sh(db, `${ready}, critical: true, restart: {policy: never}`)}\n  web: ${sh('exec sleep 1000', `${soon}, requires: [db]`)}\n`;
  const never = 'ready: {file: never}';
  await using place = await createPlace(config('echo no disk >&2; exit 1', never));
  const failed = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('db is critical and failed')]);
  expect(await place.muster('list')).toMatchObject({ code: 3 });

  await place.write('muster.yaml', config('while ! test -e end; do sleep 0.1; done; exit 9'));
  await place.up();
  const pid = await place.pid();
  const web = (await place.module('web')).pid ?? 0;
  // A change that is taken back has failed, but not for good; and what never ran takes nothing down.
  await place.write('muster.yaml', `${config('exit 1', never)}  late: ${sh('exit 1', `${never}, critical: true`)}\n`);
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
});

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
});
