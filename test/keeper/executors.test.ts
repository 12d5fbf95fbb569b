import { openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exitWords } from '../../src/keeper/death.ts';
import type { Executed, Execution, Executor } from '../../src/keeper/execute.ts';
import { createKeeper } from '../../src/keeper/local.ts';
import { scanOnce, statOf } from '../../src/keeper/proc.ts';
import { createExecutor } from '../../src/keeper/process/executor/executor.ts';
import { createExecutors } from '../../src/keeper/process/executors.ts';
import { startForkServer } from '../../src/keeper/process/fork-server/fork-server.ts';
import { findTool } from '../../src/keeper/tools.ts';
import { cli } from '../support/place.ts';
import { noCgroups, ownCgroup } from './support/cgroups.ts';
import { clock, silent, spec, tempDir, until } from './support/keeper.ts';

const threadFile = join(dirname(cli), 'executor.cjs');
const perl = findTool('perl');
const noPerl = perl === null || !['x64', 'arm64'].includes(process.arch);
if (noPerl) process.stderr.write('the fork server is not tested: it needs perl, on x64 or arm64\n');

async function forkServer(lost = () => {}): Promise<Executor> {
  const server = await startForkServer({ perl: perl ?? '', lease: 'executors/fork-server', clock, born() {}, lost });
  if (server === null) throw new Error('the fork server does not start');
  onTestFinished(() => server.dispose());
  return server;
}

async function thread(): Promise<Executor> {
  const executor = createExecutor(threadFile);
  onTestFinished(() => executor.dispose());
  return executor;
}

function execution(argv: readonly string[], more: Partial<Execution> = {}): Execution {
  const [file = '', ...args] = argv;
  return { line: { file, argv0: file, args }, cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'ignore'], cgroup: null, ...more };
}

const sh = (script: string, ...args: string[]): string[] => ['/bin/sh', '-c', script, 'sh', ...args];

async function run(executor: Executor, what: Execution): Promise<string> {
  return exitWords(await (await executor.execute(what)).exited);
}

/** Files as descriptors, and what is in them. */
async function files(): Promise<{ dir: string; fd(name: string, flags?: string): number; text(name: string): string }> {
  const dir = await tempDir();
  return {
    dir,
    fd: (name, flags = 'a+') => openSync(join(dir, name), flags),
    text: (name) => readFileSync(join(dir, name), 'utf8'),
  };
}

describe.each([
  ['the fork server', forkServer, noPerl],
  ['the thread', thread, false],
] as const)('%s', (_, start, isMissing) => {
  test.skipIf(isMissing)(
    'gives a program its descriptors at their places, its folder, name, arguments and environment, and no more',
    async () => {
      const executor = await start();
      const { dir, fd, text } = await files();
      await writeFile(join(dir, 'in'), 'said\n');
      const stdio = [fd('in', 'r'), fd('out'), fd('err'), 'ignore', 'ignore', 'ignore', fd('notice')] as const;
      const script = `read -r line; printf '<%s>' "$line" "$0" "$PWD" "$@"; echo no >&2; echo yes >&6; cat /proc/$$/environ > env; ls /proc/$$/fd > fds; cat /proc/$$/stat > stat`;
      const odd = ['a b', '', '$HOME', '*', "'", 'ü\n', 'x'.repeat(100_000)];
      const env = { ONLY: 'this', EMPTY: '', 'odd-name': 'ä\n' };
      const line = { file: '/bin/sh', argv0: 'a name', args: ['-c', script, 'zero', ...odd] };
      expect(await run(executor, { line, cwd: dir, env, stdio, cgroup: null })).toBe('exited with code 0');
      expect(text('out')).toBe(['said', 'zero', dir, ...odd].map((word) => `<${word}>`).join(''));
      expect([text('err'), text('notice')]).toEqual(['no\n', 'yes\n']);
      expect(text('env').split('\0').sort()).toEqual(['', 'EMPTY=', 'ONLY=this', 'odd-name=ä\n']);
      expect(
        text('fds')
          .split('\n')
          .filter(Boolean)
          .map(Number)
          .filter((at) => at < 10),
      ).toEqual([0, 1, 2, 6]);
      const [pid, , , , group, session] = text('stat').split(' ');
      expect([group, session]).toEqual([pid, pid]);
    },
  );

  test.skipIf(isMissing)('tells how each of many has ended, and keeps its number until that is known', async () => {
    const executor = await start();
    const ends = ['exit 0', 'exit 3', 'kill -9 $$', 'kill -34 $$', 'kill -47 $$', 'kill -15 $$'];
    const all = await Promise.all(Array.from({ length: 60 }, (_, index) => executor.execute(execution(sh(ends[index % 6] ?? '')))));
    const words = await Promise.all(all.map(async ({ exited }) => exitWords(await exited)));
    const one = [0, 3].map((code) => `exited with code ${code}`);
    const signals = ['SIGKILL', 'SIGRTMIN', 'SIGRTMIN+13', 'SIGTERM'].map((name) => `killed by ${name}`);
    expect(words).toEqual(Array.from({ length: 10 }, () => [...one, ...signals]).flat());
    expect(all.map(({ startTime }) => startTime)).not.toContain(null);
    await Promise.all(all.map(({ reaped }) => reaped));
    expect(all.map(({ pid }) => statOf(pid)?.parent === process.pid)).not.toContain(true);
  });

  test.skipIf(isMissing)('says what the system says where it cannot', async () => {
    const executor = await start();
    const dir = await tempDir();
    await writeFile(join(dir, 'script'), '#!/opt/nowhere/python3\n', { mode: 0o755 });
    await writeFile(join(dir, 'plain'), 'text');
    await mkdir(join(dir, 'folder'));
    await chmod(join(dir, 'plain'), 0o644);
    const code = (what: Execution): Promise<unknown> =>
      executor.execute(what).then(
        () => 'executed',
        (error) => error.code,
      );
    expect(await code(execution([join(dir, 'script')]))).toBe('ENOENT');
    expect(await code(execution([join(dir, 'plain')]))).toBe('EACCES');
    expect(await code(execution(['/bin/true'], { cwd: join(dir, 'none') }))).toBe('ENOENT');
    expect(await code(execution(['/bin/true', ...Array.from({ length: 30 }, () => 'x'.repeat(131_000))]))).toBe('E2BIG');
    expect(await code(execution(['/bin/true'], { cgroup: join(dir, 'none') }))).not.toBe('executed');
    expect(await code(execution(['/bin/true']))).toBe('executed');
  });

  test.skipIf(isMissing || noCgroups !== null)('lets a program be born in a cgroup, with all that it starts', async () => {
    const executor = await start();
    const folder = ownCgroup(`executors-${process.pid}`);
    const before = readFileSync('/proc/self/cgroup', 'utf8');
    expect(executor.mayJoin(folder)).toBe(true);
    const executed = await executor.execute(execution(sh('sleep 1000 & exec sleep 1000'), { cgroup: folder }));
    const pids = () => readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim().split('\n').map(Number);
    await until(() => pids().length === 2);
    expect(pids()).toContain(executed.pid);
    expect(readFileSync('/proc/self/cgroup', 'utf8')).toBe(before);
    for (const pid of pids()) process.kill(pid, 'SIGKILL');
    await executed.exited;
  });
});

test.skipIf(noPerl)('of a fork server that is killed the programs run on, their end is noticed, and the next one takes over', async () => {
  const executors = createExecutors({ threadFile, lease: 'executors/fork-server', clock, sentinel: { runs() {}, gone() {} } });
  onTestFinished(() => executors.dispose());
  const execute = async (): Promise<Executed> =>
    (await executors.executorFor({ sockets: false })).execute(execution(['/bin/sleep', '1000']));
  const first = await execute();
  const server = statOf(first.pid)?.parent ?? 0;
  expect(await readFile(`/proc/${server}/cmdline`, 'latin1')).toMatch(/^muster-fork-server\0/);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.kill(server, signal);
  const another = await execute();
  expect(statOf(another.pid)?.parent).toBe(server);
  process.kill(server, 'SIGKILL');
  await until(() => statOf(first.pid)?.parent !== server);
  await until(() => statOf(server) === null);
  const second = await execute();
  expect(statOf(second.pid)?.parent).not.toBe(server);
  for (const { pid } of [first, another, second]) process.kill(pid, 'SIGKILL');
  // It can be seen as long as nobody has reaped it.
  expect(exitWords(await first.exited)).toMatch(/^(ended in a way nobody saw|killed by SIGKILL)$/);
  expect(exitWords(await second.exited)).toBe('killed by SIGKILL');
  await Promise.all([first.reaped, another.reaped]);
});

test('where perl is no perl the thread executes', async () => {
  expect(await startForkServer({ perl: '/bin/true', lease: 'executors/none', clock, born() {}, lost() {} })).toBe(null);
  const hangs = join(await tempDir(), 'perl');
  await writeFile(hangs, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  const soon = { now: clock.now, after: (_: number, fn: () => void) => clock.after(50, fn) };
  expect(await startForkServer({ perl: hangs, lease: 'executors/none', clock: soon, born() {}, lost() {} })).toBe(null);
  expect(await startForkServer({ perl: '/none/perl', lease: 'executors/none', clock, born() {}, lost() {} })).toBe(null);
});

test.skipIf(noPerl)('what was to start when a fork server is killed starts once, by the next one', async () => {
  const executors = createExecutors({ threadFile, lease: 'executors/fork-server', clock, sentinel: { runs() {}, gone() {} } });
  onTestFinished(() => executors.dispose());
  const leases = { begin: async () => {}, started() {}, ended() {} };
  const keeper = createKeeper({ leases, clock, log: silent, owner: 'executors/', executorFor: executors.executorFor });
  onTestFinished(() => keeper.dispose());
  const spawn = (index: number) => keeper.spawn(spec(['sleep', '1000'], { lease: `executors/${process.pid}-${index}` }));
  const server = statOf((await spawn(0)).pid)?.parent ?? 0;
  const starts = Promise.all(Array.from({ length: 30 }, (_, index) => spawn(index + 1)));
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.kill(server, 'SIGKILL');
  const pids = (await starts).map(({ pid }) => pid).sort();
  await until(() => statOf(server) === null);
  const ours = (await scanOnce(() => false)).filter(({ lease }) => lease?.startsWith(`executors/${process.pid}-`));
  expect(
    ours
      .map(({ pid }) => pid)
      .filter((pid) => pids.includes(pid))
      .sort(),
  ).toEqual(pids);
  expect(ours.length).toBe(31);
});

test.skipIf(noPerl)('a fork server that does not answer is killed, so that somebody hears of the end of what it has started', async () => {
  let now = 0;
  const timers = new Map<() => void, number>();
  const after = (ms: number, fn: () => void) => {
    timers.set(fn, now + ms);
    return { cancel: () => void timers.delete(fn) };
  };
  let lost = false;
  const server = await startForkServer({
    ...{ perl: perl ?? '', lease: 'executors/hung', clock: { now: () => now, after } },
    born() {},
    lost: () => (lost = true),
  });
  if (server === null) throw new Error('the fork server does not start');
  const { pid, exited } = await server.execute(execution(['/bin/sleep', '1000']));
  process.kill(statOf(pid)?.parent ?? 0, 'SIGSTOP');
  const answer = server.answers();
  process.kill(pid, 'SIGKILL');
  await until(() => {
    now += 1000;
    for (const [fn, at] of [...timers]) if (at <= now && timers.delete(fn)) fn();
    return lost;
  });
  await answer;
  await server.answers();
  expect(exitWords(await exited)).toMatch(/^(ended in a way nobody saw|killed by SIGKILL)$/);
});
