import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type * as musterd from '../../src/index.ts';
import { cli, isAlive, until } from '../support/place.ts';

const built = pathToFileURL(join(dirname(cli), 'index.js')).href;
const { supervise } = (await import(built)) as typeof musterd;

/** A program that is gone when the test is. */
async function supervised(options: musterd.SuperviseOptions): Promise<musterd.Supervised> {
  const program = await supervise(options);
  onTestFinished(async () => void (await program.stop({ force: true })));
  return program;
}

async function texts(program: musterd.Supervised): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of program.output) all.push(text);
  return all;
}

test('a program runs as its options say, and its output comes line by line until it ends', async () => {
  const program = await supervised({
    command: ['sh', '-c', 'echo "$0" "$X" "$PWD" "$@"; echo oh >&2; printf rest; sleep 1.5', 'zero', 'a b'],
    args: ['', '$HOME'],
    cwd: '/',
    env: { X: 1, SHELL: null },
    log: { prefix: '> ', metadata: { team: 'a' } },
  });
  expect(program).toMatchObject({ name: 'sh', state: 'R', restarts: 0, pid: expect.any(Number) });
  const records: musterd.OutputRecord[] = [];
  for await (const record of program.output) records.push(record);
  expect(records.map(({ stream, level, text }) => `${stream} ${level} ${text}`).sort()).toEqual([
    'stderr warn > oh',
    'stdout info > rest',
    'stdout info > zero 1 / a b  $HOME',
  ]);
  expect(records[0]?.metadata).toMatchObject({ team: 'a', command: 'sh' });
  expect(await program.exited).toEqual({ code: 0, signal: null, failed: false, reason: 'exited with code 0' });
  expect(program).toMatchObject({ state: 'E', pid: null });
});

test('it is restarted by its policy, until the limit', async () => {
  const program = await supervised({
    command: ['sh', '-c', 'echo up; sleep 1.5; exit 3'],
    restart: { policy: 'onFailure', backoff: { initial: '10ms' }, limit: { count: 2, within: '1m' } },
  });
  expect(await texts(program)).toEqual(['up', 'up', 'up']);
  expect(await program.exited).toMatchObject({ code: 3, failed: true, reason: expect.stringContaining('exited with code 3') });
  expect(program.restarts).toBe(2);
});

test('stop takes the whole tree down, one that ignores the signal after its time, and more than one stop is one', async () => {
  const program = await supervised({ command: ['sh', '-c', 'trap "" TERM; sleep 9999 & echo $!; wait'], stopTimeout: '200ms' });
  const [child] = await first(program, 1);
  const [one, two] = await Promise.all([program.stop(), program.stop()]);
  expect(one).toMatchObject({ signal: 'SIGKILL', failed: false });
  expect(two).toEqual(one);
  expect(isAlive(Number(child))).toBe(false);
  await expect(program.statistics()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('functions wait before each start, judge its end, and rewrite its lines', async () => {
  const exits: unknown[] = [];
  let starts = 0;
  const program = await supervised({
    command: ['sh', '-c', 'echo password=hunter2; sleep 1.5; kill -9 $$'],
    waitFor() {
      starts += 1;
    },
    exitStatus(exit) {
      exits.push([exit.code, exit.signal]);
      return exits.length === 1 ? 'failure' : 'success';
    },
    restart: { policy: 'onFailure', backoff: { initial: '10ms' } },
    log: { transform: (line) => line.replace('hunter2', '***') },
  });
  expect(await texts(program)).toEqual(['password=***', 'password=***']);
  expect(await program.exited).toEqual({ code: null, signal: 'SIGKILL', failed: false, reason: 'killed by SIGKILL' });
  expect(exits).toEqual([
    [null, 'SIGKILL'],
    [null, 'SIGKILL'],
  ]);
  expect(starts).toBe(2);
});

test('a start that comes to nothing rejects with what was wrong, and leaves nothing', async () => {
  await expect(supervise({ command: ['no-such-program'] })).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(supervise({ command: ['sh', '-c', 'echo why; exit 4'] })).rejects.toMatchObject({ output: ['why'] });
  const never = { command: ['sleep', '9999'], waitFor: (): Promise<void> => new Promise(() => {}) };
  await expect(supervise({ ...never, signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: 'ECANCELED' });
  const failing = supervise({ ...never, waitFor: () => Promise.reject(new Error('no database')) });
  await expect(failing).rejects.toThrow(/no database/);
});

test('options that are none are refused, all at once and with what was meant', async () => {
  await expect(supervise({ command: ['ls'], comand: 1 } as never)).rejects.toMatchObject({ code: 'EINVAL', hint: 'did you mean command' });
  const wrong = { command: [], stopTimeout: 5, log: { level: 'loud' } } as never;
  await expect(supervise(wrong)).rejects.toThrow(/command: .*; log\.level: expected debug, info, warn or error, found "loud"/);
  await expect(supervise({ command: ['ls'], env: { A: { secret: 'env:X' } } } as never)).rejects.toMatchObject({ code: 'EINVAL' });
  await expect(supervise({ command: ['ls'], log: { sink: 'none' } } as never)).rejects.toMatchObject({ code: 'EINVAL' });
});

test('an exitStatus function that throws or answers nonsense means a failure, and nothing is left', async () => {
  const throws = () => {
    throw new Error('oops');
  };
  const command = ['sh', '-c', 'sleep 1000 & echo $!; sleep 1.5'];
  for (const exitStatus of [throws, () => 'nonsense' as never]) {
    const pids: number[] = [];
    const program = await supervise({ command, exitStatus, onOutput: ({ text }) => pids.push(Number(text)) });
    expect(await program.exited).toMatchObject({ code: 0, failed: true, reason: 'exited with code 0' });
    expect(pids.map(isAlive)).toEqual([false]);
  }
});

test('a caller that is killed takes all that it supervised along, and leaves no folder once the next one has come', async () => {
  const caller = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/caller.mjs'), built], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void caller.kill('SIGKILL'));
  const line = await new Promise<string>((resolve) => caller.stdout.once('data', (chunk) => resolve(String(chunk))));
  const pids = line.trim().split(' ').map(Number);
  expect(pids.every(isAlive)).toBe(true);
  caller.kill('SIGKILL');
  await until(() => !pids.some(isAlive), 'all of them are gone');
  await supervised({ command: ['sleep', '9999'] });
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(`muster-supervise-${caller.pid}-`));
  expect(folders).toEqual([]);
});

test('output is also kept in files where a folder is given, and counted', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-logs-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const program = await supervised({ name: 'web', command: ['sh', '-c', 'echo one; echo two; exec sleep 9999'], logDir: dir });
  await first(program, 2);
  expect(await program.statistics()).toMatchObject({ outputBytes: 8, pids: [program.pid] });
  await program.stop();
  expect(await readFile(join(dir, 'web.log'), 'utf8')).toBe('one\ntwo\n');
});

test('the files of its cgroup can be read and written, or it is said that there is none', async () => {
  const program = await supervised({ command: ['sleep', '9999'] });
  const { cgroup, containment } = program;
  if (containment !== 'cgroup') {
    expect(() => cgroup.get('cgroup.procs')).toThrow(/has no cgroup/);
    return;
  }
  expect(cgroup.get('cgroup.procs').trim()).toBe(String(program.pid));
  expect(cgroup.set('cgroup.max.depth', '3')?.trim()).toBe('3');
  expect(() => cgroup.set('cgroup.max.depth', 'x')).toThrow(/cgroup.max.depth/);
  expect(() => cgroup.get('no.file')).toThrow(/there is no no.file/);
});

async function first(program: musterd.Supervised, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of program.output) if (found.push(text) === count) break;
  return found;
}
