import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { handoverSocketOf, socketOf } from '../../src/model/places.ts';
import { createFrames, type Frames } from '../../src/runners/frames.ts';
import { connect, dial } from '../../src/socket/client.ts';
import { cli, createPlace, isAlive, type Place, processesOf, until } from '../support/place.ts';
import { rawClient } from '../support/raw-client.ts';
import { talk } from '../support/talk.ts';
import { identities } from '../support/untouched.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const counts = join(fixtures, 'counts-requests.mjs');
const asks = join(fixtures, 'asks-steadily.mjs');
const counting = "let i = 0; setInterval(() => console.log('count', ++i), 20)";
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('skipped: sd_notify over a replacement; python3 is missing\n');

const modules = {
  near: { module: counts },
  far: { module: counts, runner: 'other' },
  own: { module: counts, isolation: 'process' },
  asksNear: { module: asks, config: { counter: 'near' } },
  asksFar: { module: asks, config: { counter: 'far' } },
  counting: { command: [process.execPath, '-e', counting] },
  kept: { command: ['sleep', '1000'], onDaemonDeath: 'keep' },
  ...(hasPython
    ? {
        notes: {
          command: ['python3', join(fixtures, 'notifies.py'), 'READY=1', 'WATCHDOG=1'],
          ready: 'notify',
          health: { watchdog: '20s' },
        },
      }
    : {}),
  dead: { command: ['sh', '-c', 'sleep 0.1; exit 3'], ready: { alive: '1ms' }, restart: { backoff: { initial: '1h', max: '1h' } } },
};

const write = (place: Place, wanted: Record<string, object>) =>
  place.write('muster.yaml', JSON.stringify({ version: 1, policy: { watch: 'off' }, modules: wanted }).replaceAll('$', '$$$$'));

interface Seen {
  answers: number;
  doubled: number;
  failures: string[];
  heard: number;
  inOrder: boolean;
}

let place: Place;
beforeAll(async () => {
  place = await createPlace();
  await write(place, modules);
  await place.up();
  await until(async () => (await place.module('dead')).state === 'B', 'the one that dies has died');
});
afterAll(() => place[Symbol.asyncDispose]());

async function seenBy(name: string, at: Place = place): Promise<Seen> {
  using client = await talk(at);
  return await client.ask<Seen>(`${name}.seen`);
}

/** What is the same before and after, of all that runs. */
async function allOf(at: Place = place) {
  return { identities: identities(await at.list()), processes: (await at.processes()).sort() };
}

const replace = (at: Place = place) => at.muster('up', '--replace', '-d', '-c', 'muster.yaml');

/** More has been asked and answered since, all of it once, and everything published was heard. */
async function expectMore(before: Seen[], at: Place = place): Promise<void> {
  for (const [index, name] of ['asksNear', 'asksFar'].entries()) {
    await until(async () => (await seenBy(name, at)).answers > (before[index]?.answers ?? 0) + 50, `${name} goes on`);
    expect(await seenBy(name, at)).toMatchObject({ doubled: 0, failures: [], inOrder: true });
  }
}

test('a new daemon has every process, thread, counter and request of the old one, again and again', async () => {
  const before = await allOf();
  const daemons = [await place.pid()];
  for (let i = 0; i < 3; i += 1) {
    const seen = [await seenBy('asksNear'), await seenBy('asksFar')];
    const ran = await replace();
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('No changes.');
    daemons.push(await place.pid());
    expect(isAlive(daemons.at(-2) ?? 0)).toBe(false);
    expect(await allOf()).toEqual(before);
    await expectMore(seen);
  }
  expect(new Set(daemons).size).toBe(4);
  using client = await talk(place);
  const { answers } = await seenBy('asksNear');
  const { rx } = await client.ask<{ rx: { request: number } }>('muster.stats', { name: 'near' });
  expect(rx.request).toBeGreaterThanOrEqual(answers - 8);
  const [{ status }, { state, restarts }] = [await place.module('near'), await place.module('dead')];
  expect([status.message, state, restarts]).toEqual(['counts', 'B', 0]);
  const log = (await readFile(join(place.stateDir, 'log/counting.log'), 'utf8')).trim().split('\n');
  expect(log).toEqual(log.map((_, index) => `count ${index + 1}`));
});

/** A command that goes on, and what it has printed. */
function follow(...args: string[]): { child: ChildProcess; printed(): string } {
  const env = { PATH: process.env.PATH, MUSTER_STATE_DIR: place.stateDir, NO_COLOR: '1' };
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  return { child, printed: () => printed };
}

test('commands that follow something go on with the new daemon, and other clients are told to come again', async () => {
  const following = [
    follow('logs', '-f', '-n', '1', 'counting'),
    follow('events', '-f', '-n', '1'),
    follow('trace', '-t', 'event', 'near'),
  ];
  try {
    for (const { printed } of following) await until(() => printed() !== '', 'something is printed');
    using raw = await rawClient(place);
    raw.request('muster.events', { follow: true });
    await until(() => raw.messages().length > 0, 'the client follows');
    await replace();
    await raw.closed;
    const told = raw.messages().filter(({ error, type }) => error !== undefined || type === 'control');
    expect(told.map(({ error, topic }) => error?.code ?? topic)).toEqual(['ERESTART', 'replaced']);
    const [logs, events, trace] = following.map(({ printed }) => printed().length);
    using client = await talk(place);
    await client.ask('muster.signal', { name: 'kept', signal: 'SIGCONT' });
    await client.ask('muster.restart', { names: ['own'] });
    await until(() => (following[0]?.printed().length ?? 0) > (logs ?? 0), 'more of the log is printed');
    await until(() => (following[1]?.printed().length ?? 0) > (events ?? 0), 'more events are printed');
    await until(() => (following[2]?.printed().length ?? 0) > (trace ?? 0), 'more messages are printed');
    const lines = (following[0]?.printed() ?? '').split('\n').filter((line) => line.includes('count '));
    const numbers = lines.slice(0, -1).map((line) => Number(/count (\d+)/.exec(line)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    expect(following.map(({ child }) => child.exitCode)).toEqual([null, null, null]);
  } finally {
    for (const { child } of following) child.kill('SIGKILL');
  }
});

test('where the config does not hold the old daemon goes on, and says so', async () => {
  const [before, pid] = [await allOf(), await place.pid()];
  await place.write('broken.yaml', 'modules:\n  near: {command: [}\n');
  const ran = await place.muster('up', '--replace', '-d', '-c', 'broken.yaml');
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('EINVALIDCONFIG')]);
  expect(ran.stderr).toContain('broken.yaml:2');
  expect([await place.pid(), await allOf()]).toEqual([pid, before]);
});

test('nobody can ask for it who is not the user of the daemon, or while another one takes over', async () => {
  const pid = await place.pid();
  const client = await connect({ path: socketOf(place.stateDir) });
  await expect(client.request('muster.handover', {})).rejects.toMatchObject({ code: 'EPERM' });
  client.close();
  expect(await place.pid()).toBe(pid);
});

/** Takes everything as a new daemon does, up to the point where that would say that it has it. */
async function takeAll(from: Place = place): Promise<Frames> {
  const server = createServer();
  const frames = new Promise<Frames>((resolve) => {
    server.once('connection', (socket) => {
      const ours = createFrames(socket, {
        receive(message) {
          const { type } = message as { type: string };
          if (type === 'hello') ours.send({ type: 'go' });
          else resolve(ours);
        },
        closed() {},
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(handoverSocketOf(from.stateDir), resolve));
  const client = await connect({ path: socketOf(from.stateDir) });
  await client.request('muster.handover', {}).catch(() => {});
  const taken = await frames;
  client.close();
  server.close();
  return taken;
}

test('where the new daemon is lost with everything in its hands, the old one goes on with it, and can be replaced later', async () => {
  const [before, pid] = [await allOf(), await place.pid()];
  const seen = [await seenBy('asksNear'), await seenBy('asksFar')];
  const taken = await takeAll();
  expect(await dial(socketOf(place.stateDir)).catch(() => null)).toBeNull();
  taken.destroy();
  await until(async () => (await dial(socketOf(place.stateDir)).catch(() => null))?.destroy() !== undefined, 'it listens again');
  expect([await place.pid(), await allOf()]).toEqual([pid, before]);
  await expectMore(seen);
  expect((await replace()).code).toBe(0);
  expect(await allOf()).toEqual(before);
  await expectMore(seen);
});

test('what a daemon leaves that dies while it hands over is ended before anything of the next one starts', async () => {
  await using own = await createPlace();
  const alone = "require('net').createServer().listen('\\0' + process.env.TMPDIR, () => console.log('alone'))";
  const single = { command: [process.execPath, '-e', alone], ready: { log: 'alone' }, restart: { policy: 'never' } };
  await write(own, { near: { module: counts }, single });
  await own.up();
  const pid = await own.pid();
  const before = await own.processes();
  const taken = await takeAll(own);
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid), 'the daemon is gone');
  taken.destroy();
  await own.up();
  expect((await own.list()).map(({ name, state }) => [name, state])).toEqual(['near', 'single'].map((name) => [name, 'R']));
  expect(await own.processes()).toHaveLength(before.length);
});

test('what the new config says is applied by the new daemon, and nothing else', async () => {
  const before = await place.list();
  await write(place, { ...modules, kept: { command: ['sleep', '2000'], onDaemonDeath: 'keep' } });
  const ran = await replace();
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('Applied: 1 reloaded')]);
  const others = ({ name }: { name: string }) => name !== 'kept';
  expect(identities((await place.list()).filter(others))).toEqual(identities(before.filter(others)));
  expect((await place.module('kept')).pid).not.toBe(before.find(({ name }) => name === 'kept')?.pid);
});

test('a daemon that hands over what it runs in another form is not replaced', async () => {
  await using other = await createPlace('version: 1\nmodules: {}\npolicy: {allowEmpty: true}\n');
  await other.up();
  await other.muster('down');
  const server = createServer((socket) => {
    socket.once('data', async () => {
      const there = createFrames(await dial(handoverSocketOf(other.stateDir)), { receive() {}, closed: () => socket.destroy() });
      there.send({ type: 'hello', version: 0, muster: '0.0.1', pid: process.pid });
    });
  });
  await new Promise<void>((resolve) => server.listen(socketOf(other.stateDir), resolve));
  const ran = await other.muster('up', '--replace', '-d', '-c', 'muster.yaml');
  server.close();
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('ENOTSUP')]);
  expect(ran.stderr).toContain('muster down --keep');
  // Where none runs there is nothing to take over.
  expect((await other.muster('up', '--replace', '-d', '-c', 'muster.yaml')).code).toBe(0);
});

/** Looks all the time: a machine that has nothing else to do is through with it in some ten milliseconds. */
async function asksFor(from: Place): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!existsSync(handoverSocketOf(from.stateDir))) {
    if (Date.now() > deadline) throw new Error('the new one did not ask');
    await pause(1);
  }
}

/** Which of the two, and how long after the new one has begun to ask, ms. */
const kills = [
  ['new', 0],
  ['old', 0],
  ['new', 60],
  ['old', 60],
] as const;

test('whichever daemon is killed in the middle, and when: everything runs once, or nothing if the new one had it', async () => {
  await using own = await createPlace();
  await write(own, { ...modules, kept: { command: ['sleep', '1000'] } });
  for (const [victim, delay] of kills) {
    await rm(handoverSocketOf(own.stateDir), { force: true });
    if ((await listed(own)) === null) await own.up();
    await until(async () => (await own.module('dead')).state === 'B', 'the one that dies has died');
    const old = await own.pid();
    const before = (await own.processes()).length;
    const done = replace(own);
    await asksFor(own);
    await pause(delay);
    const daemons = (await processesOf(`TMPDIR=${own.dir}\0`)).filter((pid) => pid !== old);
    const fresh = await Promise.all(
      daemons.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
    );
    const pid = victim === 'old' ? old : fresh.find(([, line]) => line.includes('--detached') && line.includes('--replace'))?.[0];
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
    await done;
    const once = [expected, before];
    await expect
      .poll(async () => [await listed(own), (await own.processes()).length], { message: `${victim} ${delay}` })
      .toSatisfy((found) => isDeepStrictEqual(found, once) || (victim === 'new' && isDeepStrictEqual(found, [null, 0])));
  }
});

const expected = Object.keys(modules)
  .sort()
  .map((name) => [name, name === 'dead' ? 'B' : 'R']);

/** Null: nobody answers, or only to say that another daemon takes over. */
async function listed(from: Place): Promise<unknown[] | null> {
  const modules = await from.list().catch(() => null);
  return modules?.map(({ name, state }) => [name, state]) ?? null;
}
