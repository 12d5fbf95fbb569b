import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deferred } from '../../src/model/deferred.ts';
import type { EventDoc, InfoDoc, ModuleStats, TraceRecord } from '../../src/model/documents.ts';
import { connect } from '../../src/socket/client.ts';
import { writePackage } from '../support/packages.ts';
import { createPlace, json, type Place, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

// Messages between muster and packages that are no modules of muster: one daemon, one package that says what it is told to.
let place: Place;

const code = readFileSync(join(import.meta.dirname, 'fixtures/pm2-module.cjs'), 'utf8');
const info = async (name = 'talks') => json(await place.muster('info', name, '--json')) as InfoDoc;
const stats = async () =>
  json(await place.muster('stats', 'talks', '--json')) as ModuleStats & {
    monitors: Record<string, unknown>;
    messages: Record<string, number>;
  };
const events = async () =>
  (await place.muster('events', '--json')).stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EventDoc]));
const trigger = async (action: string, ...args: string[]) => json(await place.muster('trigger', 'talks', action, ...args));
const say = (...messages: unknown[]) => trigger('say', JSON.stringify(messages));

beforeAll(async () => {
  place = await createPlace(`version: 1
modules:
  # Its beats are events too, which no test waits for.
  beat: {module: "builtin:heartbeat", config: {intervalMs: 3600000}}
  other: {package: ./other, env: {MODULE_DEBUG: "true"}}
  talks: {package: ./talks, ready: {alive: 300ms}, restart: {backoff: {initial: 100ms}}}
  measures: {module: builtin:metrics, control: read, config: {listen: 127.0.0.1:0}}
`);
  for (const name of ['talks', 'other']) {
    writePackage(join(place.dir, name), {
      manifest: { name, version: '1.0.0', main: 'index.js', config: { a: 1 } },
      files: { 'index.js': code },
    });
  }
  await place.up();
  await until(async () => (await info()).actions?.length === 9, 'its actions are registered');
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

test('what a package says of itself is shown by info, and its values by stats', async () => {
  const { options, monitors, actions, exceptions, version } = await info();
  expect(version).toBe('1.0.0');
  expect(options).toMatchObject({ name: 'Talks', human_info: [['Port', 80]], errors: true, latency: false, comment: 'of the tests' });
  expect(monitors).toMatchObject({ Count: { unit: 'x' }, Share: { value: '12.5%' } });
  expect(actions?.find(({ name }) => name === 'parts')).toMatchObject({ scoped: true });
  expect(exceptions).toEqual([]);
  const {
    monitors: values,
    watched,
    messages,
  } = (await stats()) as Awaited<ReturnType<typeof stats>> & { watched: { pid: number; memory: number } };
  expect(values.Share).toBe('12.5%');
  expect(watched).toMatchObject({ pid: options?.pid, memory: expect.any(Number) });
  expect(messages).toMatchObject({ ignored: 0, malformed: 0, dropped: 0 });
  const { stdout } = await place.muster('info', 'talks');
  expect(stdout).toMatch(/^Monitors +Count: \d+ x$/m);
  expect(stdout).toMatch(/parts \(in parts\)/);
});

test('5. values that it refreshes are those that it has now', async () => {
  const before = Number((await stats()).monitors.Count);
  await until(async () => Number((await stats()).monitors.Count) > before, 'the value is refreshed');
});

test('what modules of PM2 look for is in the environment, and the script is its own main program', async () => {
  const { env, main, connected } = (await trigger('env')) as { env: Record<string, string>; main: string; connected: boolean };
  expect(env).toMatchObject({
    name: 'talks',
    NODE_APP_INSTANCE: '0',
    pmx_module: 'true',
    PM2_HOME: join(place.stateDir, 'pm2/talks'),
    a: '1',
  });
  expect(env.pm_id).toMatch(/^\d+$/);
  expect(env.NODE_CHANNEL_FD).toBeUndefined();
  expect([main, connected]).toEqual([join(place.dir, 'talks/index.js'), true]);
});

test('an action is called with and without a parameter, and a scoped one answers in parts', async () => {
  expect(await trigger('echo')).toEqual({ form: 'string', opts: null });
  expect(await trigger('echo', '{"a": 1}')).toEqual({ form: 'object', opts: '{"a": 1}' });
  const { code, stdout } = await place.muster('trigger', 'talks', 'parts', 'x');
  expect(code).toBe(0);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([...[1, 2, 3].map((data) => ({ data, opts: 'x' })), 'done']);
});

test('calls of one action at the same time each get their own reply', async () => {
  const waits = [60, 10, 30, 1, 20];
  expect(await Promise.all(waits.map((ms) => trigger('slow', String(ms))))).toEqual(waits.map(String));
});

test('6. an action that was never registered is refused with the known ones, and one that never replies times out', async () => {
  const unknown = await place.muster('trigger', 'talks', 'none');
  expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/"none" \(ENOENT\).*bad, echo, env/s) });
  expect(await place.muster('trigger', '--timeout', '200ms', 'talks', 'never')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(ETIMEDOUT)'),
  });
  expect(await place.muster('trigger', 'beat', 'echo')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOSYS)') });
  expect(await place.muster('trigger', 'nobody', 'echo')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
});

test('a reply that comes too late is not taken for that of the next call', async () => {
  expect(await place.muster('trigger', '--timeout', '50ms', 'talks', 'slow', '300')).toMatchObject({ code: 1 });
  expect(await trigger('slow', '400')).toBe('400');
});

test('29. bare strings, numbers and messages in the name of others forge no event and touch nobody', async () => {
  const before = await identities(await place.list());
  const [seen, counted] = [await events(), (await stats()).messages.ignored ?? 0];
  const forged = [
    'hello',
    5,
    null,
    true,
    [],
    {},
    { type: 'process:event', data: { event: 'exit' } },
    { type: 'log:out', data: 'x' },
    { type: 'axm:monitor' },
    { type: '__proto__', data: {} },
  ];
  await say(
    ...forged,
    { type: 'axm:reply', data: { action_name: 'slow', return: 'forged' } },
    { type: 'axm:action', data: { action_name: 5 } },
  );
  expect((await events()).slice(seen.length)).toEqual([]);
  expect((await stats()).messages.ignored).toBe(counted + forged.length + 2);
  expect(await identities(await place.list())).toEqual(before);
});

test('its events and exceptions are shown by events under its own name, and a flood of them is cut off and counted', async () => {
  const { dropped } = (await stats()).messages;
  await say({ type: 'human:event', data: { __name: 'deployed', to: 'web1' } });
  const seen = (await events()).at(-1);
  expect(seen).toMatchObject({ type: 'event', name: 'talks', message: 'deployed', fields: { to: 'web1' } });
  await say(...Array.from({ length: 100 }, () => ({ type: 'human:event', data: { __name: 'flood' } })));
  expect((await events()).filter(({ message }) => message === 'flood').length).toBeLessThanOrEqual(20);
  expect((await stats()).messages.dropped).toBeGreaterThan(dropped ?? 0);
});

test('28. the message and stack of an exception are shown once it was started again', async () => {
  const { pid } = await place.module('talks');
  expect(await place.muster('trigger', 'talks', 'throw')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EHOSTUNREACH)') });
  await until(async () => {
    const module = await place.module('talks');
    return module.state === 'R' && module.restarts === 1 && module.pid !== null && module.pid !== pid;
  }, 'it runs again');
  const { exceptions } = await info();
  expect(exceptions).toMatchObject([{ message: 'it broke', stack: expect.stringMatching(/Error: it broke\n +at .*index\.js/) }]);
  expect(await events()).toContainEqual(expect.objectContaining({ type: 'exception', name: 'talks', message: 'it broke' }));
  expect((await place.muster('info', 'talks')).stdout).toMatch(/^Exceptions .*it broke/m);
});

test('30. trace shows every message of a package with its payload, both ways', async () => {
  const client = await connect({ path: join(place.stateDir, 'muster.sock') });
  const seen: TraceRecord[] = [];
  const leave = new AbortController();
  const first = deferred<void>();
  const traced = client.request(
    'muster.trace',
    { names: ['talks'], full: true },
    {
      signal: leave.signal,
      onPart(part) {
        seen.push(...(part as { records: TraceRecord[] }).records);
        first.resolve();
      },
    },
  );
  await first.promise;
  await trigger('echo', 'traced');
  const call = { type: 'event', topic: 'talks.message', from: 'muster', to: 'talks', payload: { msg: 'echo', opts: 'traced' } };
  const reply = { type: 'axm:reply', data: { action_name: 'echo', return: { form: 'object', opts: 'traced' } } };
  const answer = { type: 'event', topic: 'talks.axm:reply', from: 'talks', to: 'muster', payload: reply };
  await until(async () => seen.some(({ topic }) => topic === answer.topic), 'the reply is traced');
  expect(seen).toContainEqual(expect.objectContaining(call));
  expect(seen).toContainEqual(expect.objectContaining(answer));
  expect(seen.every(({ from, to }) => from === 'talks' || to === 'talks')).toBe(true);
  leave.abort();
  await traced.catch(() => {});
  client.close();
});

test('with MODULE_DEBUG=true every message is in the log of the daemon', async () => {
  expect(await place.muster('trigger', 'other', 'echo', 'debugged')).toMatchObject({ code: 0 });
  const log = readFileSync(join(place.stateDir, 'log/muster.log'), 'utf8').split('\n');
  const told = log.filter((line) => line.includes('message of a package') && line.includes('debugged'));
  expect(told.map((line) => (JSON.parse(line) as { module: string; direction: string }).direction)).toEqual(['to', 'from']);
  expect(log.some((line) => line.includes('message of a package') && line.includes('"talks"'))).toBe(false);
});

test('a secret that a package shows is shown by nothing of muster', async () => {
  const secret = 'not-for-your-eyes';
  expect(await place.muster('set', 'other:password', secret)).toMatchObject({ code: 0 });
  await until(async () => (await info('other')).actions?.length === 9, 'its actions are registered');
  const messages = [
    { type: 'axm:monitor', data: { Secret: { value: secret } } },
    { type: 'human:event', data: { __name: `it is ${secret}`, secret } },
    { type: 'process:exception', data: { message: secret } },
  ];
  const ran = [
    await place.muster('trigger', 'other', 'say', JSON.stringify(messages)),
    await place.muster('trigger', 'other', 'env'),
    await place.muster('info', 'other', '--json'),
    await place.muster('stats', 'other'),
    await place.muster('events', '--json'),
    await place.muster('request', 'muster.metrics'),
  ];
  expect((await info('other')).monitors?.Secret).toEqual({ value: '***' });
  for (const { code, stdout, stderr } of ran) expect([code, `${stdout}${stderr}`.includes(secret)]).toEqual([0, false]);
  expect(readFileSync(join(place.stateDir, 'log/muster.log'), 'utf8')).not.toContain(secret);
});

test('its values are gauges in the metrics', async () => {
  const { stdout } = await place.muster('request', 'muster.metrics');
  const module = (JSON.parse(stdout) as { modules: { name: string; monitors?: object }[] }).modules.find(({ name }) => name === 'talks');
  expect(module?.monitors).toMatchObject({ Count: { unit: 'x' }, Share: { value: '12.5%' } });
  const { message } = (await place.module('measures')).status;
  const text = await (await fetch(`${/http:\/\/[^/ ]+/.exec(message)?.[0]}/metrics`)).text();
  expect(text).toMatch(/^muster_module_monitor\{module="talks",host="",monitor="Share",unit=""\} 12\.5$/m);
  expect(text).toMatch(/^muster_module_monitor\{module="talks",host="",monitor="Count",unit="x"\} \d+$/m);
});

test('messages beyond all measure change neither what others do nor the memory of the daemon', async () => {
  const resident = async () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${await place.pid()}/status`, 'utf8'))?.[1]) / 1024;
  await trigger('--timeout', '60s', 'flood', '20000');
  const before = await resident();
  expect(await place.muster('trigger', '--timeout', '60s', 'talks', 'flood', '200000')).toMatchObject({ code: 0, stdout: '200000\n' });
  expect((await stats()).messages.received).toBeGreaterThan(220_000);
  expect((await resident()) - before).toBeLessThan(64);
  expect((await stats()).monitors.Flood).toBe(200_000);
});

test('up --replace goes on hearing and asking what runs, and knows what it has said before', async () => {
  const before = await info();
  await place.up('--replace');
  const after = await info();
  expect(after).toMatchObject({
    pid: before.pid,
    state: 'R',
    actions: before.actions,
    exceptions: before.exceptions,
    options: before.options,
  });
  expect(await trigger('echo', 'again')).toEqual({ form: 'object', opts: 'again' });
  const count = Number((await stats()).monitors.Count);
  await until(async () => Number((await stats()).monitors.Count) > count, 'its values are refreshed');
});

test('a package with shutdown_with_message is told by a message that it is to stop', async () => {
  const manifest = { name: 'told', version: '1.0.0', apps: [{ script: 'index.js', shutdown_with_message: true }] };
  const folder = writePackage(join(place.dir, 'told'), { manifest, files: { 'index.js': `process.on('SIGINT', () => {});\n${code}` } });
  expect(await place.muster('install', './told')).toMatchObject({ code: 0, stderr: '' });
  expect(await place.muster('uninstall', 'told')).toMatchObject({ code: 0 });
  expect(existsSync(join(folder, 'shutdown'))).toBe(true);
});

test('a channel on which too much comes that is no message is closed, and said to be', async () => {
  const others = await identities(await place.list());
  expect(await trigger('bad', '50')).toBe('soon');
  await until(async () => (await stats()).messages.malformed === 50, 'they are counted');
  await place.muster('trigger', 'talks', 'bad', '500');
  await until(async () => (await events()).some(({ message }) => message.includes('its channel is closed')), 'the channel is closed');
  expect(await place.muster('trigger', 'talks', 'echo')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EHOSTUNREACH)') });
  expect(await identities(await place.list())).toEqual(others);
  expect(json(await place.muster('trigger', 'other', 'echo'))).toEqual({ form: 'string', opts: null });
});
