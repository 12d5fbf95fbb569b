import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keeperOf } from '../support/keeper-of.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { within } from '../support/within.ts';

/** Writes its pid and those of what it starts to `$0`, one a line. */
const family = 'trap "" TERM; setsid sleep 1000 & echo $! >"$0"; sleep 1000 & echo $! >>"$0"; echo $$ >>"$0"; exec sleep 1000';
const counting = 'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.05; done';

const pidsIn = async (file: string): Promise<number[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);

/** By what it started. */
const keeperOfModule = async (place: Place, name: string): Promise<number> => keeperOf((await place.module(name)).pid as number);

/** How many processes of the place have this in their command line. */
async function running(place: Place, text: string): Promise<number> {
  const lineOf = (pid: number) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return (await Promise.all((await place.processes()).map(lineOf))).filter((line) => line.startsWith(text)).length;
}

function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  return until(() => !isAlive(pid), `${pid} is gone`);
}

const config = (place: Place, modules: Record<string, object>) =>
  place.write(
    'muster.yaml',
    JSON.stringify({ version: 1, policy: { watch: 'off', maxRemovals: '100%' }, modules })
      .replaceAll('$', '$$$$')
      .concat('\n'),
  );

test('35, 36. When the daemon is killed all that it runs dies at once, before there is another one, and then runs once', async () => {
  await using place = await createPlace();
  const to = join(place.dir, 'pids');
  const hub = join(place.dir, 'hub.mjs');
  await writeFile(hub, 'export async function main(ctx) { await ctx.run(); }\n');
  await config(place, {
    plain: { command: ['sleep', '1000'] },
    deaf: { command: ['sh', '-c', family, to], stopTimeout: '100ms' },
    code: { module: hub },
  });
  await place.up();
  await until(async () => (await pidsIn(to)).length === 3, 'the family is there');
  const before = await place.processes();
  const pids = [...(await pidsIn(to)), (await place.module('plain')).pid ?? 0];
  const keeper = await keeperOfModule(place, 'plain');
  await place.kill();
  await within(3000, () => until(() => ![...before, ...pids, keeper].some(isAlive), 'nothing is left'));
  await place.up();
  await until(
    async () => (await pidsIn(to)).length === 3 && !(await pidsIn(to)).some((pid) => pids.includes(pid)),
    'another family is there',
  );
  expect((await place.list()).map(({ name, state, restarts }) => [name, state, restarts])).toEqual([
    ['code', 'R', 0],
    ['deaf', 'R', 0],
    ['plain', 'R', 0],
  ]);
  await until(async () => (await place.processes()).length === before.length, 'there are as many processes as before');
});

test('38. What is kept lives on while no daemon is there, and the next one goes on with it', async () => {
  await using place = await createPlace();
  const end = join(place.dir, 'end');
  const keep = { onDaemonDeath: 'keep' };
  const modules = {
    counter: { command: ['sh', '-c', counting], ...keep },
    dies: {
      command: ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.05; done; echo last words; exit 7', end],
      restart: { policy: 'never' },
      ...keep,
    },
    changed: { command: ['sleep', '1000'], env: { A: '1' }, ...keep },
    dropped: { command: ['sh', '-c', 'trap "echo bye; exit" TERM; while :; do sleep 0.05; done'], ...keep },
    plain: { command: ['sleep', '1000'] },
  };
  await config(place, modules);
  await place.up();
  const before = new Map((await place.list()).map((module) => [module.name, module]));
  const pidOf = (name: string) => before.get(name)?.pid ?? 0;
  await place.kill();
  await until(() => !isAlive(pidOf('plain')), 'what is not kept is gone');
  await writeFile(end, '');
  await until(() => !isAlive(pidOf('dies')), 'one has ended by itself');
  const logged = await readFile(join(place.stateDir, 'log/counter.log'), 'utf8');
  await until(async () => (await readFile(join(place.stateDir, 'log/counter.log'), 'utf8')).length > logged.length, 'output is written');
  for (const name of ['counter', 'changed', 'dropped']) expect(isAlive(pidOf(name)), name).toBe(true);

  const { dropped, ...rest } = modules;
  await config(place, { ...rest, changed: { ...modules.changed, env: { A: '2' } } });
  await place.up();
  const counter = await place.module('counter');
  expect(counter).toMatchObject({ pid: pidOf('counter'), state: 'R', restarts: 0, startedAt: before.get('counter')?.startedAt });
  await until(async () => (await place.module('dies')).state === 'E', 'the end of one is known');
  expect(await place.module('dies')).toMatchObject({ failed: true, lastExit: { code: 7, reason: 'exited with code 7' } });
  const changed = await place.module('changed');
  expect(changed.state).toBe('R');
  expect(changed.pid).not.toBe(pidOf('changed'));
  await until(() => ![pidOf('changed'), pidOf('dropped')].some(isAlive), 'what is not wanted as it was is gone');
  const lastOf = (name: string) => readFile(join(place.stateDir, `log/${name}.log`), 'utf8').catch(() => '');
  await until(async () => /^(Terminated\n)?bye\n/.test(await lastOf('dropped')), 'the keeper has written what it said last');
  expect(await readFile(join(place.stateDir, 'log/dies.log'), 'utf8')).toBe('last words\n');

  // Again, and the keeper as well: it is found by its lease.
  const keeper = await keeperOfModule(place, 'counter');
  await rm(end);
  process.kill(keeper, 'SIGKILL');
  await place.kill();
  await until(() => !isAlive(keeper), 'both are gone');
  expect(isAlive(counter.pid ?? 0)).toBe(true);
  await place.up();
  expect(await place.module('counter')).toMatchObject({ pid: counter.pid, state: 'R', restarts: 0, startedAt: counter.startedAt });
  expect((await place.list()).map(({ name }) => name)).toEqual(['changed', 'counter', 'dies', 'plain']);
  expect([await running(place, 'sleep\x001000'), await running(place, 'sh\0-c\0i=0')]).toEqual([2, 1]);
  await until(async () => (await place.muster('logs', 'counter', '-n', '1')).stdout !== '', 'it can be read');

  // Nothing of its output was lost but what a killed daemon held in its hands.
  const counts = (await readFile(join(place.stateDir, 'log/counter.log'), 'utf8'))
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [Number(line.split(' ')[1])]));
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(new Set(counts).size).toBe(counts.length);
  expect((counts.at(-1) ?? 0) - counts.length).toBeLessThan(10);

  expect((await place.muster('down')).code).toBe(0);
  await until(async () => (await place.processes()).length === 0, 'down stops it');
});

test('38. Whether something is kept can be changed while it runs', async () => {
  await using place = await createPlace();
  await config(place, { a: { command: ['sleep', '1000'] }, b: { command: ['sleep', '1000'], onDaemonDeath: 'keep' } });
  await place.up();
  const [a, b] = [(await place.module('a')).pid ?? 0, (await place.module('b')).pid ?? 0];
  await config(place, { a: { command: ['sleep', '1000'], onDaemonDeath: 'keep' }, b: { command: ['sleep', '1000'] } });
  const { result } = await place.reload();
  expect(result.changes.map(({ name, action }) => [name, action])).toEqual([
    ['a', 'reconfigure'],
    ['b', 'reconfigure'],
  ]);
  await place.kill();
  await until(() => !isAlive(b), 'it is not kept any more');
  expect(isAlive(a)).toBe(true);
  await place.up();
  expect((await place.module('a')).pid).toBe(a);
});

test('38. A keeper whose last program has ended ends too, and the next daemon is told how that went', async () => {
  await using place = await createPlace();
  const end = join(place.dir, 'end');
  const command = ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.05; done; exit 5', end];
  await config(place, { a: { command, onDaemonDeath: 'keep', restart: { policy: 'never' } } });
  await place.up();
  const keeper = await keeperOfModule(place, 'a');
  await place.kill();
  await writeFile(end, '');
  await until(() => !isAlive(keeper), 'the keeper has ended');
  await place.up();
  await until(async () => (await place.module('a')).state === 'E', 'its end is known');
  expect(await place.module('a')).toMatchObject({ failed: true, restarts: 0, lastExit: { code: 5 } });
});

test('down --keep leaves what runs to the next daemon, without losing a byte, and stops what is not ready or is code', async () => {
  await using place = await createPlace();
  const end = join(place.dir, 'end');
  const bursts = 'i=0; while :; do n=0; while [ $n -lt 200 ]; do n=$((n+1)); i=$((i+1)); echo "count $i"; done; sleep 0.02; done';
  await writeFile(join(place.dir, 'hub.mjs'), 'export async function main(ctx) { await ctx.run(); }\n');
  const modules = {
    counter: { command: ['sh', '-c', bursts], log: { maxSize: '1G' } },
    code: { module: join(place.dir, 'hub.mjs'), requires: ['counter'] },
    ends: { command: ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.05; done; exit 7', end], restart: { policy: 'never' } },
  };
  const later = {
    once: { command: ['sh', '-c', 'echo ran; while [ ! -e "$0" ]; do sleep 0.05; done', end], oneshot: true },
    slow: { command: ['sh', '-c', 'trap "echo stopped; exit" TERM; echo begun; while :; do sleep 0.05; done'], ready: { alive: '1h' } },
  };
  await config(place, modules);
  await place.up();
  await config(place, { ...modules, ...later });
  const reload = place.muster('reload');
  await until(async () => (await place.muster('logs', 'slow', 'once')).stdout.includes('begun'), 'one is on its way');
  await until(async () => (await place.muster('logs', 'once')).stdout.includes('ran'), 'and a oneshot');
  const before = await place.module('counter');
  const down = await place.muster('down', '--keep', '--json');
  expect(down).toMatchObject({ code: 0, stderr: '' });
  const { stopped, killed, left } = JSON.parse(down.stdout) as Record<string, string[]>;
  expect([stopped?.sort(), killed, left?.sort()]).toEqual([['code', 'slow'], [], ['counter', 'ends', 'once']]);
  await reload;
  expect(await readFile(join(place.stateDir, 'log/slow.log'), 'utf8')).toMatch(/^begun\n(Terminated\n)?stopped\n$/);
  expect(isAlive(before.pid ?? 0)).toBe(true);
  await writeFile(end, '');

  await config(place, { ...modules, once: later.once });
  await place.up();
  const { pid, startedAt } = before;
  expect(await place.module('counter')).toMatchObject({ pid, startedAt, state: 'R', restarts: 0, lastExit: null });
  await until(async () => (await place.module('ends')).state === 'E', 'the end of one is known');
  expect(await place.module('ends')).toMatchObject({ failed: true, restarts: 0, lastExit: { code: 7 } });
  expect(await place.module('once')).toMatchObject({ state: 'E', failed: false });
  expect(await readFile(join(place.stateDir, 'log/once.log'), 'utf8')).toBe('ran\n');

  const { ends, ...rest } = modules;
  await config(place, rest);
  const again = await place.muster('down', '--keep');
  expect(again).toMatchObject({ code: 0, stdout: 'stopped code and the daemon; left to the next daemon: counter\n' });
  await place.up();
  expect(await place.module('counter')).toMatchObject({ pid, state: 'R' });
  expect(JSON.parse((await place.muster('down', '--json')).stdout)).toEqual({ stopped: ['code', 'counter'], killed: [], left: [] });
  expect(await place.processes()).toEqual([]);
  const counts = (await readFile(join(place.stateDir, 'log/counter.log'), 'utf8')).split('\n').slice(0, -1);
  expect(counts.findIndex((line, index) => line !== `count ${index + 1}`)).toBe(-1);
});

test('A keeper that is stopped is told of, one that is lost is replaced, and nothing is lost or doubled by it', async () => {
  await using place = await createPlace();
  const end = join(place.dir, 'end');
  await config(place, {
    counter: { command: ['sh', '-c', counting] },
    dies: { command: ['sh', '-c', 'while [ ! -e "$0" ]; do sleep 0.05; done', end] },
    group: { command: ['sh', '-c', 'setsid sleep 1000 & exec sleep 1000'] },
  });
  await place.up();
  const before = await place.list();
  const keeper = await keeperOfModule(place, 'counter');
  const outputGoesOn = async () => {
    const { length } = await readFile(join(place.stateDir, 'log/counter.log'));
    await until(async () => (await readFile(join(place.stateDir, 'log/counter.log'))).length > length, 'output goes on');
  };
  const keeping = async () => (await place.status()).conditions.find(({ type }) => type === 'Keeping');
  process.kill(keeper, 'SIGSTOP');
  await outputGoesOn();
  // It is left stopped for no longer than it takes to be told of: soon after that it would be replaced.
  const told = new RegExp(`Keeper .*kill -CONT ${keeper}`);
  const saysSo = async () => {
    const [info, status] = await Promise.all([place.muster('info', 'counter'), place.muster('status')]);
    return told.test(info.stdout) && status.stdout.includes(`Keeping no (stopped): the keeper of commands (pid ${keeper})`);
  };
  await until(saysSo, 'it is said that the keeper does not answer');
  process.kill(keeper, 'SIGCONT');
  await until(async () => (await keeping())?.status === true, 'the keeper answers again');

  await kill(keeper);
  await outputGoesOn();
  const pids = (modules: Awaited<ReturnType<Place['list']>>) => modules.map(({ name, pid, state }) => [name, pid, state]);
  expect(pids(await place.list())).toEqual(pids(before));

  // How it ended is not to be known; that it ended is, and counts as a failure.
  await writeFile(end, '');
  await until(async () => (await place.module('dies')).lastExit !== null, 'an end is noticed');
  expect((await place.module('dies')).lastExit).toMatchObject({ signal: null, reason: expect.stringMatching(/nobody saw|code 0/) });
  expect(await place.muster('restart', 'group')).toMatchObject({ code: 0 });
  expect((await place.module('group')).pid).not.toBe(before.find(({ name }) => name === 'group')?.pid);
  expect(await running(place, 'sleep\x001000')).toBe(2);
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  expect(await place.processes()).toEqual([]);
});

test('A daemon whose state dir was removed ends with all it runs as soon as another one has begun there, and leaves that alone', async () => {
  await using place = await createPlace();
  await config(place, { nap: { command: ['sleep', '1000'] } });
  await place.up();
  const [first, { pid: old }] = [(await place.status()).pid, await place.module('nap')];
  await rm(place.stateDir, { recursive: true, force: true, maxRetries: 5 });
  await place.up();
  await until(() => !isAlive(first), 'the first daemon is gone');
  expect(isAlive(old ?? 0)).toBe(false);
  const nap = await place.module('nap');
  expect(nap).toMatchObject({ state: 'R', restarts: 0 });
  expect(await running(place, 'sleep\x001000')).toBe(1);
  expect(await place.muster('restart', 'nap')).toMatchObject({ code: 0 });
});

test('There is no keeper as long as there is no command, and no module but those that are loaded', async () => {
  await using place = await createPlace();
  await place.write('muster.yaml', 'version: 1\npolicy: {allowEmpty: true}\nmodules: {}\n');
  await place.up();
  const socket = join(place.stateDir, 'keeper.sock');
  const exists = () => readFileSync('/proc/net/unix', 'utf8').includes('keeper.sock');
  expect(await readFile(socket).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ENOENT');
  await place.muster('load', '--command', 'nap', 'sleep', '1000');
  expect(exists()).toBe(true);
  expect((await place.status()).counts).toMatchObject({ R: 1 });
  expect((await place.list()).map(({ name }) => name)).toHaveLength(1);
});
