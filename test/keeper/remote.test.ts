import { type StdioOptions, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { exitWords } from '../../src/keeper/death.ts';
import { beatMs, missMs } from '../../src/keeper/heartbeat.ts';
import { fifoFolder } from '../../src/keeper/places.ts';
import type { Child, Kept } from '../../src/model/keeper.ts';
import { cli, processesOf } from '../support/place.ts';
import { clock, runs, spec, tempDir, until } from './support/keeper.ts';
import { remoteKeeper } from './support/remote.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

const log: Kept['log'] = {
  ...{ capture: 'both', mergeStderr: false, level: 'info', stderrLevel: 'warn', prefix: '', metadata: {}, transform: [] },
  ...{ maxSize: 1e9, keep: 5, sink: 'file', overflow: 'block' },
};

async function ended(child: Child): Promise<string> {
  const exit = await child.exited;
  await child.killTree();
  return exitWords(exit);
}

test('a program gets what it was given, and how it ends is known, as if it were a child of the daemon', async () => {
  const { keeper, open, pid } = await remoteKeeper();
  const argv = ['a b', '', '$HOME', ';', 'ü\n'];
  const what = spec([process.execPath, fixture('print-argv.mjs'), ...argv], { arg0: 'web', env: { ONLY: 'this' } });
  const child = await keeper.spawn(what);
  expect([...open.keys()]).toEqual([what.lease, expect.stringContaining('keeper-1')]);
  expect(open.get(what.lease)).toMatchObject({ pid: child.pid, startTime: expect.stringMatching(/^\d+$/), bootId: expect.any(String) });
  expect(await ended(child)).toBe('exited with code 0');
  expect(JSON.parse(what.output())).toMatchObject({ argv, argv0: 'web', env: { ONLY: 'this', MUSTER_LEASE: what.lease } });
  expect([...open.values()].map((lease) => lease.pid)).toEqual([pid()]);

  expect(await ended(await keeper.spawn(spec(['sh', '-c', 'exit 3'])))).toBe('exited with code 3');
  expect(await ended(await keeper.spawn(spec([fixture('die-of.sh'), 'SEGV'])))).toBe('killed by SIGSEGV');
  expect(await ended(await keeper.spawn(spec([fixture('die-of.sh'), '37'])))).toBe('killed by SIGRTMIN+3');
  await expect(keeper.spawn(spec(['no-such-program']))).rejects.toMatchObject({ code: 'ENOENT', hint: expect.stringContaining('Install') });
  const late = await keeper.spawn(spec(['sleep', '1000']));
  expect(() => late.signal('SIGNONE')).toThrow(/there is no signal/);
  late.signal('SIGHUP');
  expect(await ended(late)).toBe('killed by SIGHUP');
  expect(open.size).toBe(1);
});

test('output comes whole and in order, also what is written to /dev/stdout by name, and none is read while its receiver is busy', async () => {
  const { keeper } = await remoteKeeper();
  const sum = createHash('sha1');
  let received = 0;
  let release = () => {};
  const busy = new Promise<void>((resolve) => {
    release = resolve;
  });
  const script = 'seq 1 1000000; echo named >/dev/stdout; printf last';
  const whole = spec(['sh', '-c', script], {
    onOutput(_stream, chunk) {
      received += chunk.length;
      sum.update(chunk);
      return busy;
    },
  });
  const child = await keeper.spawn(whole);
  await until(() => received > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(received).toBeLessThanOrEqual(65536);
  release();
  expect(await ended(child)).toBe('exited with code 0');
  const text = `${Array.from({ length: 1_000_000 }, (_, index) => index + 1).join('\n')}\nnamed\nlast`;
  expect(received).toBe(text.length);
  expect(sum.digest('hex')).toBe(createHash('sha1').update(text).digest('hex'));

  const mixed = spec(['sh', '-c', 'for i in 1 2 3; do echo out $i; echo err $i >&2; done'], { mergeStderr: true });
  await ended(await keeper.spawn(mixed));
  expect(mixed.output()).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
  const notices: string[] = [];
  const notice = { noticeFd: 5, onNotice: (chunk: Uint8Array) => void notices.push(Buffer.from(chunk).toString()) };
  await ended(await keeper.spawn(spec(['sh', '-c', 'echo ready >&5'], notice)));
  expect(notices).toEqual(['ready\n']);
});

test.skipIf(process.getuid?.() !== 0)('a program of another user can open its output by name (needs root)', async () => {
  const { keeper } = await remoteKeeper();
  const identity = { uid: 65534, gid: 65534, groups: [], umask: null, rlimits: {}, noNewPrivileges: false };
  const what = spec(['sh', '-c', 'id -u >/dev/stdout; echo oops >/dev/stderr'], { identity, cwd: '/' });
  expect(await ended(await keeper.spawn(what))).toBe('exited with code 0');
  expect(what.output().split('\n').sort()).toEqual(['', '65534', 'oops']);
});

test('what is left to the next daemon goes on where this one stopped reading, though more was coming all the time', async () => {
  const before = await remoteKeeper();
  const first: Buffer[] = [];
  const slowly = (_stream: string, chunk: Uint8Array) => {
    first.push(Buffer.from(chunk));
    return new Promise<void>((resolve) => setTimeout(resolve, 5));
  };
  const order = spec(['sh', '-c', 'seq 1 300000; exec sleep 1000'], { digest: 'same', onOutput: slowly });
  const child = await before.keeper.spawn(order);
  await until(() => first.length >= 3);
  child.keep({ name: 'web', argv: order.argv, log, stopSignal: 'SIGTERM', stopTimeout: 1000 });
  await child.leave?.();
  const taken = first.length;
  await before.keeper.dispose();
  expect(first.length).toBe(taken);

  const after = await remoteKeeper('', before);
  await after.keeper.sweep([...before.open.values()]);
  const rest: Buffer[] = [];
  const more = spec([...order.argv], { digest: 'same', onOutput: (_stream, chunk) => void rest.push(Buffer.from(chunk)) });
  expect(await after.keeper.spawn(more)).toMatchObject({ pid: child.pid, takenOver: true });
  const whole = async () => Buffer.concat([...first, await readFile(join(after.stateDir, 'log/web.log')), ...rest]).toString();
  await until(async () => (await whole()).endsWith('\n300000\n'));
  expect(await whole()).toBe(`${Array.from({ length: 300_000 }, (_, index) => index + 1).join('\n')}\n`);
});

test('pipes are used again, and none is left behind', async () => {
  const { keeper, stateDir } = await remoteKeeper();
  const pipes = () => readdir(join(stateDir, 'fifo'));
  for (let round = 0; round < 15; round += 1) {
    const what = spec(['sh', '-c', `echo ${round}`]);
    await ended(await keeper.spawn(what));
    expect(what.output()).toBe(`${round}\n`);
  }
  expect((await pipes()).length).toBe(16);
  const escaped = spec([fixture('leave-escaped-child.sh')]);
  const child = await keeper.spawn(escaped);
  await until(() => escaped.output().endsWith('\n'));
  await ended(child);
  process.kill(Number(escaped.output()), 'SIGKILL'); // only a cgroup would have caught it
  await until(async () => (await pipes()).length < 16); // what it holds open is given to nobody else
  await keeper.dispose();
  expect(await pipes()).toEqual([]);
});

test('the path of the state dir may be of any length', async () => {
  const { keeper } = await remoteKeeper(join('x'.repeat(120), 'y'.repeat(120)));
  const what = spec(['echo', 'here']);
  await ended(await keeper.spawn(what));
  expect(what.output()).toBe('here\n');
});

test('a keeper that is killed at any moment loses and doubles nothing', async () => {
  const { keeper, pid } = await remoteKeeper();
  const mark = `MARK=${process.pid}-${Date.now()}`;
  const env = { PATH: process.env.PATH ?? '', MARK: mark.slice(5) };
  const first = await keeper.spawn(spec(['sleep', '1000'], { env }));
  const children = [first];
  for (let round = 0; round < 4; round += 1) {
    await until(() => pid() > 0);
    const killed = pid();
    const starting = [1, 2, 3].map(() => keeper.spawn(spec(['sleep', '1000'], { env })));
    await new Promise((resolve) => setTimeout(resolve, round * 4));
    process.kill(killed, 'SIGKILL');
    children.push(...(await Promise.all(starting)));
    // One that was there before and one that was begun; what is asked for meanwhile is done by the next keeper.
    const [old, young] = [children.shift(), children.pop()] as [Child, Child];
    await Promise.all([old.killTree(), young.killTree()]);
    expect(await Promise.all([runs(old.pid), runs(young.pid)])).toEqual([false, false]);
  }
  await until(async () => (await processesOf(mark)).length === children.length);
  expect((await processesOf(mark)).sort()).toEqual(children.map((child) => child.pid).sort());
  const [last] = children as [Child];
  last.signal('SIGTERM');
  expect(exitWords(await last.exited)).toMatch(/nobody saw|SIGTERM/);
  await keeper.dispose();
  expect(await processesOf(mark)).toEqual([]);
});

test('a keeper that is stopped is noticed, may go on, and is replaced if it does not: what it was told meanwhile is done, once', async () => {
  const hurried = { ...clock, after: (ms: number, fn: () => void) => clock.after(ms === beatMs || ms === missMs ? ms / 5 : ms, fn) };
  const { keeper, pid } = await remoteKeeper('', undefined, hurried);
  const mark = `MARK=${process.pid}-${Date.now()}`;
  const env = { PATH: process.env.PATH ?? '', MARK: mark.slice(5) };
  const sleep = () => keeper.spawn(spec(['sleep', '1000'], { env }));
  const first = await sleep();
  const stopped = pid();
  expect(keeper.trouble()).toBe(null);

  process.kill(stopped, 'SIGSTOP');
  const second = sleep();
  await until(() => keeper.trouble() !== null);
  process.kill(stopped, 'SIGCONT');
  await until(() => keeper.trouble() === null);
  expect(await runs((await second).pid)).toBe(true);
  expect(pid()).toBe(stopped);

  process.kill(stopped, 'SIGSTOP');
  const third = sleep();
  const ended = (await second).killTree();
  await until(() => keeper.trouble() !== null);
  expect(keeper.trouble()).toEqual({ pid: stopped, since: expect.any(String), isStopped: true });
  await ended;
  const young = await third;
  expect((await processesOf(mark)).sort()).toEqual([first.pid, young.pid].sort());
  expect(await runs(stopped)).toBe(false);
  expect(pid()).not.toBe(stopped);
  await keeper.answers();
  expect(keeper.trouble()).toBe(null);
});

test('a keeper that is stopped keeps no daemon from its end, nor does it outlive that', async () => {
  const hurried = { ...clock, after: (ms: number, fn: () => void) => clock.after(ms === beatMs || ms === missMs ? ms / 20 : ms, fn) };
  const { keeper, pid } = await remoteKeeper('', undefined, hurried);
  const child = await keeper.spawn(spec(['sleep', '1000']));
  const stopped = pid();
  process.kill(stopped, 'SIGSTOP');
  await keeper.dispose();
  expect([await runs(stopped), await runs(child.pid)]).toEqual([false, false]);
});

test('pipes that somebody has removed are made anew', async () => {
  const { keeper, stateDir } = await remoteKeeper();
  expect(await ended(await keeper.spawn(spec(['true'])))).toBe('exited with code 0');
  await rm(join(stateDir, fifoFolder), { recursive: true });
  const what = spec(['echo', 'here']);
  expect(await ended(await keeper.spawn(what))).toBe('exited with code 0');
  expect(what.output()).toBe('here\n');
});

test('what a caller left open reaches no program, however high its number is', async () => {
  const dir = await tempDir();
  await mkdir(join(dir, fifoFolder));
  const inherited: StdioOptions = ['ignore', 'pipe', 'inherit', ...Array.from({ length: 248 }, () => 'ignore' as const), 'inherit'];
  inherited[251] = openSync('/dev/null', 'r');
  const child = spawn(process.execPath, [join(dirname(cli), 'keeper.cjs'), dir, 'none/'], { cwd: dir, stdio: inherited });
  await once(child.stdout as Readable, 'data');
  const open = await readdir(`/proc/${child.pid}/fd`);
  child.kill('SIGKILL');
  closeSync(inherited[251] as number);
  expect(open).not.toContain('251');
  expect(open.length).toBeGreaterThan(3);
});
