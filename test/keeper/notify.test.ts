import { execFile, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { belongs } from '../../src/keeper/command/notify/belongs.ts';
import { helperPrograms } from '../../src/keeper/command/notify/helpers.ts';
import { type Notice, parseNotice } from '../../src/keeper/command/notify/message.ts';
import { createNoticeReceiver } from '../../src/keeper/command/notify/receiver.ts';
import { statOf } from '../../src/keeper/proc.ts';
import { findTool } from '../../src/keeper/tools.ts';
import { clock, silent, until } from './support/keeper.ts';

const run = promisify(execFile);
const python = findTool('python3') ?? '';

/** Sends datagrams as programs do. */
const send = (path: string, ...texts: string[]) =>
  run(python, [
    '-c',
    'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\nfor t in sys.argv[2:]: s.sendto(t.encode(),sys.argv[1])',
    path,
    ...texts,
  ]);

function receiver(owner = `notify-test-${process.pid}`) {
  const it = createNoticeReceiver({ owner, clock, log: silent });
  onTestFinished(() => it.dispose());
  return it;
}

test('a message is read line by line, and what means nothing here is passed over', () => {
  expect(parseNotice('READY=1\nSTATUS=Serving 3 of 4=75%\nMAINPID=4711\nnonsense\n=x')).toEqual({
    ready: true,
    status: 'Serving 3 of 4=75%',
  });
  expect(parseNotice('STOPPING=1\nWATCHDOG=1\nWATCHDOG_USEC=2500000\nEXTEND_TIMEOUT_USEC=1')).toEqual({
    stopping: true,
    watchdog: 'alive',
    watchdogMs: 2500,
    extendMs: 1,
  });
  expect(parseNotice('READY=0\nWATCHDOG=trigger\nWATCHDOG_USEC=-1\nEXTEND_TIMEOUT_USEC=99999999999999999999')).toEqual({
    watchdog: 'trigger',
  });
  expect(parseNotice(`STATUS=${'x'.repeat(9000)}`).status).toHaveLength(500);
  expect(parseNotice('STATUS=')).toEqual({ status: '' });
});

test('what a program sends arrives, with the pid of the sender, on the socket of its module alone', async () => {
  const it = receiver();
  const heard: [string, Notice, number][] = [];
  const open = (name: string) => it.open(name, null, (notice, pid) => heard.push([name, notice, pid]));
  const [a, b] = await Promise.all([open('a'), open('b')]);
  expect(a.path.length).toBeLessThan(100);
  expect(a.path).not.toBe(b.path);
  await send(a.path, 'READY=1', 'STATUS=ü');
  await send(b.path, 'STOPPING=1');
  await until(() => heard.length === 3);
  expect(heard.map(([name, notice]) => [name, notice])).toEqual([
    ['a', { ready: true }],
    ['a', { status: 'ü' }],
    ['b', { stopping: true }],
  ]);
  expect(heard[0]?.[2]).toBeGreaterThan(1);
  a.close();
  await until(() => !existsSync(a.path));
  const again = await open('a');
  const beside = await open('a');
  expect(again.path).toBe(a.path);
  expect(beside.path).toBe(`${a.path}-2`);
});

test('systemd-notify is content, with its barrier too', async ({ skip }) => {
  const tool = '/usr/bin/systemd-notify';
  skip(!existsSync(tool), 'no systemd-notify here');
  const heard: Notice[] = [];
  const { path } = await receiver().open('web', null, (notice) => heard.push(notice));
  await run(tool, ['--ready', '--status=up'], { env: { NOTIFY_SOCKET: path } });
  await until(() => heard.length > 0);
  expect(heard).toContainEqual({ ready: true, status: 'up' });
});

test('a helper that was killed is replaced, and the sockets are there again', async () => {
  const heard: Notice[] = [];
  const owner = `notify-killed-${process.pid}`;
  const { path } = await receiver(owner).open('web', null, (notice) => heard.push(notice));
  const before = statSync(path).ctimeMs;
  const [helper] = await childrenOf(process.pid);
  process.kill(helper ?? 0, 'SIGKILL');
  await until(() => existsSync(path) && statSync(path).ctimeMs !== before);
  await until(async () => (await send(path, 'READY=1').catch(() => null)) !== null);
  await until(() => heard.length > 0);
});

test('a receiver that takes over a path keeps it when the one before ends', async () => {
  const heard: string[] = [];
  const [first, second] = [receiver('notify-over'), receiver('notify-over')];
  const before = await first.open('web', null, () => heard.push('first'));
  const after = await second.open('web', null, () => heard.push('second'));
  expect(after.path).toBe(before.path);
  before.close();
  await first.dispose();
  await send(after.path, 'READY=1');
  await until(() => heard.length > 0);
  expect(heard).toEqual(['second']);
});

test('with the receiver its program, its sockets and its folder are gone', async () => {
  const it = receiver(`notify-gone-${process.pid}`);
  const { path } = await it.open('web', null, () => {});
  await it.dispose();
  expect(existsSync(dirname(path))).toBe(false);
  expect(await childrenOf(process.pid)).toEqual([]);
});

for (const { program, args, tellsSender } of helperPrograms) {
  test(`${program} receives, closes what it is told to, and ends with its input`, async ({ skip }) => {
    const file = findTool(program);
    skip(file === null, `no ${program} here`);
    const path = `/tmp/muster-helper-${process.pid}-${program}`;
    const child = spawn(file ?? '', args, { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    child.stdin.write(`open a ${path}\nopen b /no/such/folder/x\n`);
    await until(() => said.includes('opened a') && said.includes('failed b'));
    expect((statSync(path).mode & 0o777).toString(8)).toBe(tellsSender ? '666' : '600');
    await send(path, 'READY=1\nSTATUS=x', '', 'y'.repeat(4000));
    await until(() => said.includes(Buffer.from('y'.repeat(4000)).toString('hex')));
    const [, pid] = /got a (\d+) ([0-9a-f]+)\n/.exec(said) ?? [];
    expect(said).toContain(`got a ${pid} ${Buffer.from('READY=1\nSTATUS=x').toString('hex')}\n`);
    expect(Number(pid) > 0).toBe(tellsSender);
    child.stdin.write('close a\nclose a\n');
    await until(() => !existsSync(path));
    child.stdin.write(`open c ${path}\n`);
    await until(() => said.includes('opened c'));
    child.stdin.end();
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
}

test('a sender belongs to a module by session, group, lease or descent; one that is gone cannot be told', async () => {
  const child = spawn('sh', ['-c', 'setsid sleep 60 & sleep 60'], { detached: true, stdio: 'ignore', env: { MUSTER_LEASE: 'mine' } });
  const leader = child.pid ?? 0;
  onTestFinished(() => {
    for (const pid of [leader, ...escaped]) process.kill(-pid, 'SIGKILL');
  });
  let escaped: number[] = [];
  await until(async () => {
    escaped = (await childrenOf(leader)).filter((pid) => statOf(pid)?.session === pid);
    return escaped.length === 1;
  });
  const [other = 0] = escaped;
  const tree = (of: number | null, lease: string) => ({ leader: of, lease, cgroup: null });
  expect(belongs(leader, tree(leader, 'x'))).toBe(true);
  expect(belongs(other, tree(leader, 'x'))).toBe(true);
  expect(belongs(other, tree(null, 'mine'))).toBe(true);
  expect(belongs(other, tree(999_999, 'x'))).toBe(false);
  expect(belongs(process.pid, tree(leader, 'mine'))).toBe(false);
  expect(belongs(0, tree(leader, 'x'))).toBe(true);
  expect(belongs(2 ** 22 + 1, tree(leader, 'x'))).toBe(true);
});

async function childrenOf(parent: number): Promise<number[]> {
  const { readdirSync } = await import('node:fs');
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && statOf(pid)?.parent === parent && statOf(pid)?.state !== 'Z');
}
