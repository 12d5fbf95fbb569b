import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { EventDoc } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { freePort } from '../support/free-port.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

/** A web server of the test whose answer can be changed; `0`: it takes the connection and says nothing. */
async function webServer(): Promise<{ url: string; status: number; asked: number }> {
  const state = { url: '', status: 200, asked: 0 };
  const server: Server = createServer((_request, response) => {
    state.asked += 1;
    if (state.status !== 0) response.writeHead(state.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return state;
}

/** A daemon without modules yet, asked through its socket. */
async function daemonOf(place: Place) {
  await place.up();
  const daemon = await talk(place);
  const list = async () => (await daemon.muster('list', {})).modules;
  return {
    ...daemon,
    list,
    async module(name: string) {
      const found = (await list()).find((module) => module.name === name);
      if (found === undefined) throw new Error(`${name} is not listed`);
      return found;
    },
    async reload(config: string) {
      await place.write('muster.yaml', config);
      return (await daemon.muster('reload', {})) as Result;
    },
    eventsOf: async (name: string) =>
      ((await daemon.parts('muster.events', {})).flat() as EventDoc[]).filter((event) => event.name === name),
    [Symbol.dispose]: () => daemon[Symbol.dispose](),
  };
}

const nothing = 'version: 1\nmodules: {}\n';
const commandLine = (pid: number | null) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1);

test('1-3. a command is R with the pid of its program, and gets arguments, folder and environment as they are', async () => {
  await using place = await createPlace(`version: 1
modules:
  nap: {command: [sleep, "1000"]}
  tells:
    command: [${process.execPath}, ${fixture('tells-process.mjs')}, "a b", "", "$$HOME", ";", "*"]
    cwd: sub
    env: {OWN: here, LANG: null}
    ready: {log: '^\\{'}
`);
  await place.write('sub/file', '');
  await place.musterWith({ env: { LEAK: 'no' } }, 'up', '-d', '-c', 'muster.yaml');
  const nap = await place.module('nap');
  expect(nap).toMatchObject({ kind: 'command', state: 'R', isolation: null });
  expect(commandLine(nap.pid)).toEqual(['sleep', '1000']);
  const lines = () =>
    readFileSync(join(place.stateDir, 'log', 'tells.log'), 'utf8')
      .trim()
      .split('\n');
  const first = JSON.parse(lines().at(-1) ?? '');
  expect(first).toMatchObject({ argv: ['a b', '', '$HOME', ';', '*'], cwd: join(place.dir, 'sub'), env: { OWN: 'here' } });
  expect(first.env).not.toHaveProperty('LANG');
  expect(first.env).not.toHaveProperty('LEAK');
  expect((await place.musterWith({ env: { LATER: 'no' } }, 'reload', '-f', 'tells')).code).toBe(0);
  const second = JSON.parse(lines().at(-1) ?? '');
  expect([lines().length, 'LATER' in second.env]).toEqual([2, false]);
});

test('8 and 39. what cannot be started is named, each in its own words, was tried once, and stops nothing', async () => {
  const good = 'version: 1\nmodules:\n  web: {command: [sleep, "1000"]}\n';
  await using place = await createPlace(good);
  await place.write('script', '#!/no/such/interpreter\n');
  await place.write('plain', 'text');
  chmodSync(join(place.dir, 'script'), 0o755);
  using daemon = await daemonOf(place);
  const { pid } = await daemon.module('web');
  const own = await place.pid();
  const refused = async (entry: string) => {
    const result = await daemon.reload(`version: 1\nmodules:\n  web: ${entry}\n`);
    expect(result.exitCode).not.toBe(0);
    return JSON.stringify(result);
  };
  expect(await refused('{command: [no-such-program]}')).toContain('there is no command \\"no-such-program\\"');
  expect(await refused('{command: [sleep, "1"], cwd: ./none}')).toContain(`the working folder ${place.dir}/none does not exist`);
  expect(await refused('{command: [./script]}')).toContain(`the interpreter /no/such/interpreter of ${place.dir}/script does not exist`);
  expect(await refused('{command: [./plain]}')).toContain(`the command ${place.dir}/plain is not executable`);
  expect(await refused(`{command: [sleep, ${'x'.repeat(140_000)}]}`)).toContain('is longer than 131071 bytes');
  expect(await refused('{command: [sleep, "1"], user: nobody-at-all}')).toContain('there is no user \\"nobody-at-all\\"');
  if (process.getuid?.() === 0) expect(await refused('{command: [sleep, "1"], user: root}')).toContain('allowRoot: true');
  expect(await daemon.module('web')).toMatchObject({ pid, state: 'R', restarts: 0 });

  await place.write('muster.yaml', good);
  const load = (name: string, ...args: string[]) =>
    daemon.ask<Result>('muster.load', { target: name, command: true, args, cwd: place.dir }).then(
      ({ changes }) => changes[0]?.error?.code,
      ({ code }) => code,
    );
  expect(await load('gone', 'no-such-program')).toBe('ENOENT');
  expect(await load('long', 'true', ...Array(30).fill('x'.repeat(100_000)))).toBe('E2BIG');
  expect(await load('nul', 'true', 'a\0b')).toMatch(/EINVAL/);
  expect((await daemon.list()).map(({ name }) => name)).toEqual(['web']);
  expect(await place.pid()).toBe(own);
});

test('22 and 23. it waits for a file without a pid, starts when that is there, gives up in time, and can be removed meanwhile', async () => {
  await using place = await createPlace(nothing);
  using daemon = await daemonOf(place);
  const started = join(place.dir, 'started');
  const entry = (name: string, timeout: string) =>
    `  ${name}: {command: [sh, -c, "echo $0 >> ${started}; exec sleep 1000", ${name}], waitFor: {file: ./flag, timeout: ${timeout}}}\n`;
  const reload = daemon.reload(`version: 1\nmodules:\n${entry('waits', '60s')}${entry('late', '300ms')}${entry('gone', '60s')}`);
  const shown = async () => (await daemon.list()).map(({ name, state }) => `${name} ${state}`);
  await until(async () => `${await shown()}` === 'gone I,late E,waits I', 'late has failed, and the others wait');
  expect(await daemon.module('waits')).toMatchObject({ state: 'I', pid: null, status: { message: `waiting for file ${place.dir}/flag` } });
  expect((await within(2000, () => place.muster('remove', 'gone', '--override'))).code).toBe(0);
  await place.write('flag', '');
  const result = await reload;
  expect(result.exitCode).toBe(6);
  const changes = Object.fromEntries(result.changes.map(({ name, status, error }) => [name, [status, error?.code, error?.message]]));
  expect(changes.waits?.[0]).toBe('ok');
  expect(changes.late).toEqual([
    'failed',
    'ETIMEDOUT',
    `late was not started: it waited 300ms in vain (waitFor): file ${place.dir}/flag: does not exist`,
  ]);
  expect(await daemon.module('waits')).toMatchObject({ state: 'R', pid: expect.any(Number), status: { message: '' } });
  expect(readFileSync(started, 'utf8')).toBe('waits\n');
});

test('22 and 23. it waits for tcp, http, a command and a delay just so', async () => {
  const web = await webServer();
  web.status = 503;
  await using place = await createPlace(nothing);
  using daemon = await daemonOf(place);
  const reload = daemon.reload(`version: 1
modules:
  tcp: {command: [sleep, "1000"], waitFor: {tcp: "${new URL(web.url).host}"}}
  http: {command: [sleep, "1000"], waitFor: {http: "${web.url}"}}
  command: {command: [sleep, "1000"], waitFor: {command: [test, -e, flag]}}
  delay: {command: [sleep, "1000"], waitFor: {delay: 1s}}
`);
  await until(async () => (await daemon.list()).filter(({ state }) => state === 'R').length === 2, 'two of them run');
  expect((await daemon.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['command I', 'delay R', 'http I', 'tcp R']);
  web.status = 204;
  await place.write('flag', '');
  await reload;
  expect((await daemon.list()).map(({ state }) => state)).toEqual(['R', 'R', 'R', 'R']);
});

test('24 and 25. it runs when its test passes and not before, dependents start after it, and one that never passes is gone', async () => {
  const [port, never] = [await freePort(), 1];
  const web = await webServer();
  web.status = 500;
  const tests: Record<string, [ready: string, script: string]> = {
    tcp: [`{tcp: "${port}"}`, `exec python3 -m http.server ${port} --bind 127.0.0.1`],
    http: [`{http: "${web.url}"}`, 'exec sleep 1000'],
    log: ["{log: '^ready at \\d+$'}", 'printf "\\033[32mready\\033[0m at 80\\n" >&2; exec sleep 1000'],
    file: ['{file: ./is-up}', 'touch is-up; exec sleep 1000'],
    fd: ['{fd: 3}', 'printf "up\\n" >&3; exec sleep 1000'],
    notify: ['notify', `exec python3 ${fixture('notifies.py')} READY=1 STATUS=serving`],
  };
  const entries = Object.entries(tests).map(
    ([name, [ready, script]]) =>
      `  ${name}: {command: [sh, -c, '${`until test -e go-on; do sleep 0.05; done; ${script}`.replaceAll("'", "''")}'], ready: ${ready}}\n` +
      `  ${name}-after: {command: [sleep, "1000"], requires: [${name}]}\n`,
  );
  const bad = `  bad: {command: [sh, -c, 'echo no luck; sleep 1001 & sleep 1001'], ready: {tcp: ${never}, timeout: 500ms}}\n`;
  const ends = "  ends: {command: [sh, -c, 'echo no config; exit 3'], ready: {tcp: 1}}\n";
  await using place = await createPlace(nothing);
  using daemon = await daemonOf(place);
  const reload = daemon.reload(`version: 1\nmodules:\n${entries.join('')}${bad}${ends}`);
  await until(async () => (await daemon.list()).some(({ name, failed }) => name === 'bad' && failed), 'bad failed');
  const before = await daemon.list();
  expect(before.filter(({ name }) => name in tests).map(({ state, pid }) => [state, pid !== null])).toEqual(Array(6).fill(['I', true]));
  expect(before.filter(({ name }) => name.endsWith('-after'))).toEqual([]);
  web.status = 200;
  await place.write('go-on', '');
  const result = await reload;
  const error = (of: string) => result.changes.find(({ name }) => name === of)?.error;
  expect(error('bad')).toMatchObject({
    code: 'ETIMEDOUT',
    message: `bad was not running after 500ms (ready.timeout): tcp ${never}: connection refused`,
    output: ['no luck'],
  });
  expect(error('ends')).toMatchObject({ message: 'ends exited with code 3', output: ['no config'] });
  const after = await daemon.list();
  const since = new Map(after.map(({ name, startedAt, since }) => [name, { startedAt, since }]));
  for (const name of Object.keys(tests)) {
    expect(after.find((module) => module.name === name)).toMatchObject({ state: 'R' });
    expect(since.get(`${name}-after`)?.startedAt?.localeCompare(since.get(name)?.since ?? '')).toBeGreaterThanOrEqual(0);
  }
  expect((await daemon.module('notify')).status).toMatchObject({ level: 'info', message: 'serving' });
  expect(await daemon.module('bad')).toMatchObject({ state: 'E', failed: true, pid: null });
  const left = (await place.processes()).filter((pid) => commandLine(pid).at(-1) === '1001');
  expect(left).toEqual([]);
});

test('a module that is not well any more is shown so, or restarted with the reason, and is well again by itself', async () => {
  const web = await webServer();
  await using place = await createPlace(`version: 1
defaults: {command: {ready: {alive: 10ms}}}
modules:
  marked: {command: [sleep, "1000"], health: {http: "${web.url}", interval: 100ms, failures: 2, onFailure: mark}}
  restarted: {command: [sleep, "1000"], health: {command: [test, -e, well], interval: 100ms, failures: 1}, restart: {backoff: {initial: 100ms}}}
  given-up: {command: [sleep, "1000"], health: {command: [test, -e, well], interval: 100ms, failures: 1}, restart: {policy: never}}
  told: {command: [python3, ${fixture('notifies.py')}, WATCHDOG=1], health: {watchdog: 4s}, stopTimeout: 100ms}
`);
  await place.write('well', '');
  using daemon = await daemonOf(place);
  const { pid } = await daemon.module('marked');
  const first = (await daemon.module('restarted')).pid;
  expect((await daemon.muster('status', {})).healthy).toBe(true);
  web.status = 503;
  rmSync(join(place.dir, 'well'));
  await until(async () => (await daemon.module('marked')).healthy === false, 'marked is not healthy');
  expect(await daemon.module('marked')).toMatchObject({
    state: 'R',
    pid,
    healthy: false,
    status: { level: 'error', message: expect.stringMatching(`^unhealthy: http ${web.url}: answered 503 \\(\\d+ times\\)$`) },
  });
  expect((await daemon.muster('status', {})).unhealthy).toContainEqual({ name: 'marked', reason: expect.stringContaining('answered 503') });
  await until(async () => (await daemon.module('restarted')).restarts > 0, 'it is restarted');
  await until(async () => (await daemon.module('given-up')).failed, 'it is given up');
  expect(await daemon.module('given-up')).toMatchObject({
    state: 'E',
    restarts: 0,
    lastExit: { reason: expect.stringMatching(/^unhealthy: command test -e well: exited with code 1/) },
  });
  web.status = 200;
  await place.write('well', '');
  await until(async () => (await daemon.module('marked')).healthy, 'marked is healthy again');
  await until(async () => (await daemon.module('restarted')).state === 'R', 'restarted runs');
  expect(await daemon.module('marked')).toMatchObject({ pid, restarts: 0, status: { message: '' } });
  expect([isAlive(first ?? 0), await daemon.module('restarted').then(({ pid: now }) => now !== first)]).toEqual([false, true]);
  const happened = (await daemon.eventsOf('marked')).filter(({ type }) => type === 'health');
  expect(happened.map(({ fields }) => fields?.healthy)).toEqual([false, true]);

  const told = await daemon.module('told');
  expect(told.restarts).toBe(0);
  process.kill(told.pid ?? 0, 'SIGSTOP');
  await until(async () => (await daemon.module('told')).restarts === 1, 'a program that hangs is restarted');
  expect((await daemon.module('told')).lastExit?.reason).toBe('unhealthy: no WATCHDOG=1 within 4s');
});

test('another health test takes effect on the running program, and so does its removal', async () => {
  const web = await webServer();
  const config = (health: string) => `version: 1\nmodules:\n  web: {command: [sleep, "1000"]${health}}\n`;
  await using place = await createPlace(config(''));
  using daemon = await daemonOf(place);
  const { pid } = await daemon.module('web');
  web.status = 404;
  const result = await daemon.reload(config(`, health: {http: "${web.url}", interval: 100ms, failures: 1, onFailure: mark}`));
  expect(result.changes[0]).toMatchObject({ action: 'reconfigure' });
  await until(async () => !(await daemon.module('web')).healthy, 'it is not healthy');
  await daemon.reload(config(''));
  expect(await daemon.module('web')).toMatchObject({ pid, healthy: true, status: { message: '' } });
  const { asked } = web;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(web.asked).toBeLessThanOrEqual(asked + 1);
});

test('21. a command runs as its user with the groups and the environment of that', { skip: process.getuid?.() !== 0 }, async () => {
  await using place = await createPlace(`version: 1
modules:
  one:
    command: [sh, -c, 'echo "$(id -u) $(id -g) $(id -G) $(umask) $(ulimit -n) $HOME $USER"; exec sleep 1000']
    cwd: /
    user: nobody
    group: nogroup
    umask: 027
    rlimits: {nofile: 100}
    ready: {log: .}
`);
  await place.up();
  expect(readFileSync(join(place.stateDir, 'log', 'one.log'), 'utf8')).toBe('65534 65534 65534 0027 100 /nonexistent nobody\n');
  const { containment } = await place.module('one');
  expect(containment).toBe((await place.status()).containment);
  expect((await place.muster('remove', 'one')).code).toBe(0);
  expect(await place.processes()).toEqual([]);
});
