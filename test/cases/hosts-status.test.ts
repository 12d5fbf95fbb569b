import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { states } from '../../src/model/module.ts';
import { createPlace, json, type Place } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

let place: Place;
let daemon: Talk;
/** Of the metrics module, without a path. */
let url: string;

const entries = {
  metrics: '{module: builtin:metrics, control: read, config: {listen: "127.0.0.1:0"}}',
  gateway: fixture('gateway.mjs'),
  db: `{module: ${fixture('fails-when-told.mjs')}, restart: {policy: never}}`,
  web: `{module: ${fixture('says.mjs')}, requires: [db]}`,
  slow: `{module: ${fixture('tell-value.mjs')}, env: {TO: /dev/null, SLOW: "0"}}`,
};

beforeAll(async () => {
  place = await createPlace();
  await write();
  await place.up();
  daemon = await talk(place);
  const { message } = (await place.module('metrics')).status;
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(message)?.[0] ?? message;
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

/** The config with other entries in the place of these, or without those that are null. */
function write(changed: Record<string, string | null> = {}, components = `a.example.com: ${fixture('says.mjs')}`) {
  const wanted = Object.entries({ ...entries, ...changed }).filter(([, entry]) => entry !== null);
  const modules = wanted.map(([name, entry]) => `  ${name}: ${entry}`).join('\n');
  const host = `  example.com: {service: gateway, module: ${fixture('says.mjs')}, components: {${components}}}`;
  return place.write('muster.yaml', `version: 1\nmodules:\n${modules}\nhosts:\n${host}\n`);
}

const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 20_000 });
const get = (path: string) => fetch(`${url}${path}`);
const moduleOf = async (name: string) => (await daemon.muster('list', {})).modules.find((module) => module.name === name);

/** Lines of /metrics about one module. */
async function series(name: string): Promise<string[]> {
  const lines = (await (await get('/metrics')).text()).split('\n');
  return lines.filter((line) => line.includes(`module="${name}"`));
}

test('19. what a module says of itself is in list, info and status with its time, and the level follows', async () => {
  const before = Date.now();
  await daemon.ask('web.say', ['warn', 'disconnected']);
  await eventually(async () => (await moduleOf('web'))?.status.level).toBe('warn');
  const { status } = (await place.module('web')) ?? {};
  expect(status).toEqual({ level: 'warn', message: 'disconnected', since: expect.any(String) });
  expect(Date.parse(status?.since ?? '')).toBeGreaterThanOrEqual(before);
  expect(Date.parse(status?.since ?? '')).toBeLessThanOrEqual(Date.now());

  expect((await place.muster('list')).stdout).toMatch(/^web .* disconnected$/m);
  const info = (await place.muster('info', 'web')).stdout;
  expect(info).toMatch(/^State +R for .*: disconnected$/m);
  expect(info).toMatch(/^Status +warn for \d/m);
  expect((await place.muster('status')).stdout).toMatch(/^Status +web: warn for \d+s: disconnected$/m);
  const { statuses, healthy } = await place.status();
  expect({ statuses, healthy }).toEqual({ statuses: [{ name: 'web', ...status }], healthy: true });

  await daemon.ask('web.say', ['info', 'connected']);
  await eventually(async () => (await moduleOf('web'))?.status).toMatchObject({ level: 'info', message: 'connected' });
  expect((await place.status()).statuses).toEqual([]);
});

test('21. an edited file is pending until it is reloaded, and not ready for that long', async () => {
  expect(await place.status()).toMatchObject({ synced: true, pending: { summary: { load: 0, reload: 0 } } });
  expect((await get('/readyz')).status).toBe(200);

  await write({ slow: entries.slow.replace('/dev/null', '/dev/zero'), more: fixture('says.mjs') });
  const edited = await place.status();
  expect(edited).toMatchObject({ synced: false, pending: { summary: { load: 1, reload: 1, remove: 0 } } });
  expect(edited.conditions).toContainEqual(expect.objectContaining({ type: 'Synced', status: false, reason: 'changesPending' }));
  const ready = await get('/readyz');
  expect([ready.status, await ready.text()]).toEqual([503, 'not synced: 1 to load, 1 to reload\n']);

  // One that does not hold is said everywhere, with its place.
  await place.write('muster.yaml', 'version: 1\nmodules:\n  a: {module: builtin:heartbeat, modul: x}\n');
  const { conditions } = await place.status();
  const message = expect.stringContaining(`${place.dir}/muster.yaml:3:34 `);
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: false, reason: 'configInvalid', message }));
  expect(await (await get('/readyz')).text()).toContain(`the config is invalid: ${place.dir}/muster.yaml:3:34 `);
  expect(await (await get('/metrics')).text()).toMatch(
    /^muster_config_invalid_info\{reason="configInvalid",code="\w+",file="\/.*\/muster\.yaml",line="3",column="34"\} 1$/m,
  );

  await write();
  expect((await place.reload()).ran.code).toBe(0);
  expect(await (await get('/metrics')).text()).not.toContain('configInvalid');
  expect(await place.status()).toMatchObject({ synced: true });
  expect((await get('/readyz')).status).toBe(200);
});

test('23. a wait for synced and healthy lasts as long as the reload, and ends soon after its timeout where health never comes', async () => {
  await write({ slow: entries.slow.replace('"0"', '"2000"') });
  const reload = place.reload();
  await eventually(async () => (await moduleOf('slow'))?.state).toBe('I');
  const waited = await place.muster('status', '--wait', 'synced,healthy', '--timeout', '30s', '--json');
  expect(waited.code).toBe(0);
  expect(json(waited)).toMatchObject({ synced: true, healthy: true });
  expect((await moduleOf('slow'))?.state).toBe('R');
  expect((await reload).ran.code).toBe(0);

  await daemon.ask('db.fails').catch(() => {});
  await eventually(async () => (await moduleOf('db'))?.failed).toBe(true);
  const plain = await timed(() => place.muster('status', '--check'));
  const never = await timed(() => place.muster('status', '--wait', 'synced,healthy', '--timeout', '2s'));
  expect([plain.code, never.code]).toEqual([10, 10]);
  expect(never.ms).toBeGreaterThanOrEqual(2000);
  expect(never.ms - plain.ms).toBeLessThan(3000);
});

test('22. one that has failed makes the daemon unhealthy and is named, also to who asks whether it is ready', async () => {
  const failed = await moduleOf('db');
  expect(failed).toMatchObject({ state: 'E', failed: true, healthy: false });
  const { healthy, unhealthy, conditions } = await place.status();
  expect({ healthy, unhealthy }).toEqual({ healthy: false, unhealthy: [{ name: 'db', reason: expect.stringContaining('on fire') }] });
  // Nobody looked when it happened; what it is about has its time.
  expect(conditions).toContainEqual({
    type: 'Ready',
    status: false,
    reason: 'unhealthy',
    message: expect.stringContaining('db: '),
    since: failed?.since,
  });
  const ready = await get('/readyz');
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringMatching(/^db is not healthy: .*on fire\n$/)]);
  expect((await get('/healthz')).status).toBe(200);
  // Who requires it runs on, disconnected.
  expect(await moduleOf('web')).toMatchObject({
    state: 'R',
    status: { level: 'warn', message: 'waits for db; connected', since: failed?.since },
  });
});

test('20. the counts of states are those of the list, of modules in R, E and B', async () => {
  const backs = `{module: ${fixture('fails-when-told.mjs')}, config: {always: true}, restart: {policy: always, backoff: {initial: 1h, max: 1h}}}`;
  await write({ backs });
  await daemon.muster('reconcile', { only: ['backs'] });
  await eventually(async () => (await moduleOf('backs'))?.state).toBe('B');
  const { counts } = await place.status();
  const listed = (await place.list()).map(({ state }) => state);
  expect(counts).toEqual(Object.fromEntries(states.map((state) => [state, listed.filter((each) => each === state).length])));
  expect(counts).toMatchObject({ E: 1, B: 1, I: 0 });
  expect(counts.R).toBeGreaterThanOrEqual(5);
  const text = await (await get('/metrics')).text();
  expect(text).toContain(`muster_modules{state="R"} ${counts.R}\n`);
  expect(text).toContain('muster_modules{state="X"} 1\n');
  await write();
  expect((await place.reload()).ran.code).toBe(0);
});

test('26. the series of a module follow its level, go with it, and are there again with it', async () => {
  const name = 'a.example.com';
  const level = async () => (await series(name)).find((line) => line.startsWith('muster_module_status{'));
  expect(await level()).toBe(`muster_module_status{module="${name}",host="example.com"} 0`);
  for (const [said, value] of [
    ['warn', 2],
    ['info', 1],
    ['error', 3],
  ] as const) {
    await daemon.ask(`${name}.say`, [said, 'so']);
    await eventually(level).toBe(`muster_module_status{module="${name}",host="example.com"} ${value}`);
  }
  expect((await series(name)).filter((line) => / 1$/.test(line) && line.startsWith('muster_module_state'))).toEqual([
    `muster_module_state{module="${name}",host="example.com",state="R"} 1`,
  ]);

  await write({}, `b.example.com: ${fixture('says.mjs')}`);
  await place.reload();
  expect(await series(name)).toEqual([]);
  expect((await series('b.example.com')).length).toBeGreaterThan(10);

  await write();
  await place.reload();
  // Nothing of the one before it is left: not its level, nor what it had counted.
  expect(await level()).toBe(`muster_module_status{module="${name}",host="example.com"} 0`);
  expect(await series('b.example.com')).toEqual([]);
  const received = (await series(name)).find((line) => line.includes('direction="rx",type="request"'));
  expect(received).toMatch(/ 0$/);

  const doc = (await (await get('/status')).json()) as { hosts: Record<string, Record<string, { state: string }>>; modules: object };
  expect(doc.hosts['example.com']?.[name]).toMatchObject({ state: 'R', healthy: true, status: { level: 'core' } });
  expect(Object.keys(doc.modules).sort()).toEqual(['db', 'gateway', 'metrics', 'slow', 'web']);
});

async function timed(act: () => Promise<{ code: number | null }>): Promise<{ code: number | null; ms: number }> {
  const began = Date.now();
  const { code } = await act();
  return { code, ms: Date.now() - began };
}
