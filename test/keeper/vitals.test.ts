import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { createCommandDriver } from '../../src/keeper/command/driver.ts';
import type { Launch, LaunchHooks } from '../../src/model/driver.ts';
import { logSettings } from '../../src/model/fields/log.ts';
import type { CommandSpec } from '../../src/model/fields/table.ts';
import { clock, keeper, silent, tempDir, until } from './support/keeper.ts';

/** Starts a command, and hears all that its driver says of it. */
function start(command: string[], more: Partial<CommandSpec>) {
  const recorded = keeper();
  const said: string[] = [];
  const open = () => ({ write() {}, rename() {}, update() {}, missing() {}, dropped: () => 0, close: async () => {} });
  const ports = { clock, log: silent, random: { next: () => 0.5 }, owner: `vitals-${process.pid}`, mask: (text: string) => text };
  const driver = createCommandDriver({ keeper: recorded.keeper, logs: { open }, ...ports });
  onTestFinished(() => driver.dispose());
  const hooks: LaunchHooks = {
    status: (level, message) => said.push(`${level} ${message}`),
    finalizing: () => said.push('finalizing'),
    waiting: (what) => said.push(`waiting for ${what}`),
    launched: () => said.push('launched'),
    health: (failure) => said.push(`health ${failure}`),
    extend: (ms) => said.push(`extend ${ms}`),
  };
  const spec = { command, cwd: '/', stopSignal: 'SIGTERM', ready: { alive: 10 }, log: logSettings.parse({}), ...more };
  const launch: Launch = {
    name: 'web',
    lease: `vitals-${process.pid}-${command.join(' ')}`,
    kind: 'command',
    spec: spec as unknown as CommandSpec,
    path: command[0] ?? '',
    codeFile: null,
    args: [],
    env: { PATH: process.env.PATH ?? '' },
    config: {},
    restored: null,
  };
  return { ...recorded, said, it: driver.start(launch, hooks) };
}

test('a program that waits is not launched once it is told to stop, nor when what it waits for comes then', async () => {
  const flag = join(await tempDir(), 'flag');
  const { it, said, journal } = start(['sleep', '60'], { waitFor: { file: flag, timeout: 60_000 } });
  expect([said, it.pid()]).toEqual([[`waiting for file ${flag}`], null]);
  it.stop();
  writeFileSync(flag, '');
  await expect(it.ready).rejects.toMatchObject({ code: 'ECANCELED' });
  await it.ended;
  expect([journal, said]).toEqual([[], [`waiting for file ${flag}`]]);
});

test('a command that is waited for is killed when nobody waits any more', async () => {
  const dir = await tempDir();
  const script = `echo $$ > ${dir}/pid; exec sleep 60`;
  const { it, journal } = start(['sleep', '60'], { waitFor: { command: ['sh', '-c', script], timeout: 60_000 } });
  await until(() => existsSync(join(dir, 'pid')));
  it.kill();
  await it.ended;
  await until(() => journal.at(-1)?.startsWith('ended') === true);
  expect(journal).toEqual(['begin', 'started', 'ended'].map((what) => expect.stringMatching(`^${what} vitals-.*-1$`)));
  await until(async () => (await promisify(execFile)('pgrep', ['-f', script]).catch(() => null)) === null);
});

test('a file of its own that is there is ready, and the descriptor of another number, too', async () => {
  const flag = join(await tempDir(), 'flag');
  const first = start(['sh', '-c', `touch ${flag}; exec sleep 60`], { ready: { file: flag } });
  await first.it.ready;
  const second = start(['sh', '-c', 'printf up >&5; sleep 0.05; echo >&5; exec sleep 60'], { ready: { fd: 5 } });
  await second.it.ready;
  expect(second.it.awaited?.()).toBe('it wrote no line to its descriptor 5');
  for (const { it } of [first, second]) it.kill();
  await Promise.all([first.it.ended, second.it.ended]);
});

test('what a program says by sd_notify is taken from its own tree alone', async () => {
  const talks = [
    'import os, socket, time',
    's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
    "say = lambda text: s.sendto(text.encode(), os.environ['NOTIFY_SOCKET'])",
    "print(os.environ['NOTIFY_SOCKET'], os.environ.get('WATCHDOG_USEC'), flush=True)",
    "say('STATUS=loading\\nEXTEND_TIMEOUT_USEC=5000000')",
    "say('READY=1\\nSTATUS=')",
    'time.sleep(1)',
    "say('STOPPING=1\\nSTATUS=going')",
    'time.sleep(60)',
  ];
  const { it, said } = start(['python3', '-c', talks.join('\n')], {
    ready: { notify: true },
    health: { watchdog: 60_000, interval: 5000, timeout: 2000, failures: 3, onFailure: 'mark' },
  });
  await until(() => it.output().length > 0);
  const [path = '', every] = (it.output()[0] ?? '').split(' ');
  expect(every).toBe('60000000');
  await it.ready;
  const foreign =
    "import socket,sys,time\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.sendto(b'STATUS=forged',sys.argv[1])\ntime.sleep(0.3)";
  await promisify(execFile)('python3', ['-c', foreign, path]);
  await until(() => said.includes('finalizing'));
  // It may have said something before the keeper has told of its launch.
  expect(said.filter((each) => each !== 'launched')).toEqual(['extend 5000', 'info loading', 'info ', 'info going', 'finalizing']);
  it.kill();
  await it.ended;
  // Another program removes it, a moment later.
  await until(() => !existsSync(path));
});
