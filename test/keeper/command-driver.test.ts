import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCommandDriver } from '../../src/keeper/command/driver.ts';
import { createLogs } from '../../src/keeper/logs/logs.ts';
import type { Launch } from '../../src/model/driver.ts';
import { isSuccess } from '../../src/model/exit-status.ts';
import { logSettings } from '../../src/model/fields/log.ts';
import type { CommandSpec } from '../../src/model/fields/table.ts';
import { readLogs } from './logs/support.ts';
import { clock, keeper, runs, silent, tempDir, until } from './support/keeper.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const log = (maxSize: number, keep: number) => logSettings.parse({ maxSize, keep });
const ports = { clock, log: silent, random: { next: Math.random }, owner: 'test/', mask: (text: string) => text };
const hooks = { status() {}, finalizing() {}, waiting() {}, health() {}, launched() {}, extend() {} };

/** A driver whose log is a list of texts. */
function driver() {
  const recorded = keeper();
  const written: string[] = [];
  const logs = {
    open: (name: string) => ({
      write: (stream: string, chunk: Uint8Array) => void written.push(`${name} ${stream} ${Buffer.from(chunk)}`),
      rename: (next: string) => void written.push(`rename ${next}`),
      update: ({ maxSize }: { maxSize: number }) => void written.push(`maxSize ${maxSize}`),
      missing() {},
      dropped: () => 0,
      close: async () => void written.push('close'),
    }),
  };
  return {
    ...recorded,
    written,
    start: (launch: Launch) => createCommandDriver({ keeper: recorded.keeper, logs, ...ports }).start(launch, hooks),
  };
}

function launch(command: string[], more: object = {}, args: string[] = []): Launch {
  const spec = { command, cwd: '/', stopSignal: 'SIGTERM', ready: { alive: 50 }, log: log(1000, 1), ...more };
  return {
    name: 'web',
    lease: `driver-${process.pid}-${command.join(' ')}`,
    kind: 'command',
    spec: spec as unknown as CommandSpec,
    path: command[0] ?? '',
    codeFile: null,
    args,
    env: { PATH: process.env.PATH ?? '' },
    config: {},
    restored: null,
  };
}

test('a command runs once it has lived long enough, and stops on its signal', async () => {
  const { start, written } = driver();
  const it = start(launch(['sh', '-c', 'echo up; exec sleep 60']));
  await it.ready;
  expect(await runs(it.pid() ?? 0)).toBe(true);
  expect(it.containment()).toBe('processGroup');
  // By then the shell has become sleep: a signal between the two would be met before the line is read.
  await expect.poll(() => written).toEqual(['web stdout up\n']);
  it.stop();
  expect(await it.ended).toEqual({ code: null, signal: 'SIGTERM', error: null, reason: 'killed by SIGTERM' });
  expect(it.pid()).toBe(null);
  expect(written).toEqual(['web stdout up\n', 'close']);
});

test('a command that ends before it runs is a failed start with its last lines', async () => {
  const { start } = driver();
  const it = start(launch(['sh', '-c', 'echo no config >&2; exit 3']));
  await expect(it.ready).rejects.toMatchObject({ code: 'EFAILED', message: 'web exited with code 3', output: ['no config'] });
  expect(await it.ended).toMatchObject({ code: 3, reason: 'exited with code 3' });
});

test('a command that cannot be started says why', async () => {
  const { start } = driver();
  const it = start(launch(['no-such-program']));
  await expect(it.ready).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('no-such-program') });
  expect(await it.ended).toMatchObject({ code: null, signal: null, reason: expect.stringContaining('could not be started') });
});

test('an end is told only when the children of the program are gone too', async () => {
  const { start } = driver();
  const it = start(launch([fixture('leave-child.sh')]));
  await it.ended;
  expect(await runs(Number(it.output()[0]))).toBe(false);
});

test('a program that ignores its stop signal is killed with its children', async () => {
  const { start } = driver();
  const it = start(launch([fixture('ignore-sigterm.sh')]));
  await it.ready;
  it.stop();
  it.kill();
  expect(await it.ended).toMatchObject({ signal: 'SIGKILL' });
});

test('a kill before the program has started ends it all the same', async () => {
  const { start } = driver();
  const it = start(launch(['sleep', '60']));
  it.kill();
  await expect(it.ready).rejects.toMatchObject({ code: 'EFAILED' });
  expect(await it.ended).toMatchObject({ reason: 'killed by SIGKILL' });
});

test('arguments follow the command, a new stop signal and new log settings hold at once, and so does a name', async () => {
  const { start, written } = driver();
  const first = launch(['sh', '-c', 'trap "echo usr1 [$0] [$1]; exit 7" USR1; echo up; while :; do sleep 0.02; done'], {}, ['a b', '']);
  const it = start(first);
  await it.ready;
  await until(() => it.output().length > 0);
  it.update({ ...first.spec, stopSignal: 'SIGUSR1', log: log(5, 0) } as unknown as CommandSpec);
  it.rename('site');
  it.stop();
  expect(await it.ended).toMatchObject({ code: 7 });
  expect(it.output()).toContain('usr1 [a b] []');
  expect(written).toEqual(expect.arrayContaining(['maxSize 5', 'rename site']));
});

test('a new size and name of the log hold for the running program', async () => {
  const dir = await tempDir();
  const recorded = keeper();
  const logs = createLogs({ dir, clock, log: silent });
  const first = launch(['sh', '-c', 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.001; done'], { log: log(0, 0) });
  const it = createCommandDriver({ keeper: recorded.keeper, logs, ...ports }).start(first, hooks);
  await it.ready;
  const pid = it.pid();
  it.update({ ...first.spec, log: log(300, 2) } as unknown as CommandSpec);
  it.rename('site');
  await until(() => logs.has('site') && existsSync(join(dir, 'site.log.2')));
  expect(it.pid()).toBe(pid);
  it.stop();
  await it.ended;
  expect(logs.has('web')).toBe(false);
  expect((await readLogs(dir, 'site', { lines: 1 })).map(({ text }) => text)).toEqual(it.output().slice(-1));
});

test('signals reach the program, and one that has ended has no process to signal', async () => {
  const { start } = driver();
  const it = start(launch(['sleep', '60']));
  await it.ready;
  it.signal('SIGHUP');
  expect(await it.ended).toMatchObject({ reason: 'killed by SIGHUP' });
  expect(() => it.signal('SIGHUP')).toThrow(/web has no process/);
});

test('only the last lines are kept, cut at a bound and read leniently', async () => {
  const { start } = driver();
  const script =
    'i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; head -c 100000 /dev/zero | tr "\\0" x; echo; printf "\\377 end"';
  const it = start(launch(['sh', '-c', script]));
  await it.ended;
  const lines = it.output();
  expect(lines).toHaveLength(20);
  expect(lines[0]).toBe('line 82');
  expect(lines[18]).toBe(`${'x'.repeat(1024)}…`);
  expect(lines[19]).toBe('\ufffd end');
});

test('what a command has used and written can be read while it runs', async () => {
  const { start } = driver();
  const it = start(
    launch([
      'sh',
      '-c',
      'head -c 1500000000 /dev/zero >/dev/null; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo up; exec sleep 60',
    ]),
  );
  await it.ready;
  await until(() => it.output().length > 0);
  expect(await it.stats()).toEqual({ outputBytes: 3, pids: [it.pid()] });
  // Between the shell and sleep there is a moment without any memory.
  await expect.poll(async () => (await it.rusage('self')).maxrss).toBeGreaterThan(100);
  const self = await it.rusage('self');
  expect(self.utime + self.stime).toBeGreaterThan(0);
  expect(await it.rusage('thread')).toMatchObject({ utime: expect.any(Number), stime: expect.any(Number) });
  const children = await it.rusage('children');
  expect(children.utime + children.stime).toBeGreaterThan(0);
  expect(await it.save()).toBe(null);
  await it.clearStats();
  expect(await it.stats()).toMatchObject({ outputBytes: 0 });
  it.stop();
  await it.ended;
  await expect(it.rusage('self')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an end that nobody saw is a failure, of a oneshot too', async () => {
  const { keeper: own } = keeper();
  const unseeing = {
    ...own,
    spawn: async (what: Parameters<typeof own.spawn>[0]) => {
      const child = await own.spawn(what);
      return { ...child, exited: child.exited.then(() => ({ code: null, signal: null })) };
    },
  };
  const logs = createLogs({ dir: await tempDir(), clock, log: silent });
  for (const more of [{}, { oneshot: true, ready: { exit: true } }]) {
    const all = { ...more, exitStatus: { success: [0], noRestart: [] } };
    const it = createCommandDriver({ keeper: unseeing, logs, ...ports }).start(launch(['true'], all), hooks);
    const ended = await it.ended;
    expect(ended).toMatchObject({ reason: 'ended in a way nobody saw', error: { message: 'ended in a way nobody saw' } });
    expect(isSuccess(ended, all.exitStatus)).toBe(false);
    await expect(it.ready).rejects.toThrow('ended in a way nobody saw');
  }
});
