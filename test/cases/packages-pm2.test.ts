import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventDoc, InfoDoc, ModuleStats } from '../../src/model/documents.ts';
import { createPlace, json, type Place, until } from '../support/place.ts';

// Modules of PM2 as they are in the registry, unmodified. They take a while to be installed: one place for all of it.
let place: Place;

const { REGISTRY_CA_CERTS } = process.env;
const env = REGISTRY_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS: REGISTRY_CA_CERTS };
const ask = { timeout: 30_000, env: { ...process.env, ...env } };
const why = await promisify(execFile)('npm', ['view', '--fetch-retries=0', 'pm2-sysmonit', 'version'], ask).then(
  () => null,
  () => 'the registry of npm cannot be reached',
);
if (why !== null) process.stderr.write(`skipped: modules of PM2: ${why}\n`);
const when = test.skipIf(why !== null);

const info = async (name: string) => json(await place.muster('info', name, '--json')) as InfoDoc;
const values = async (name: string) =>
  (json(await place.muster('stats', name, '--json')) as ModuleStats & { monitors: Record<string, unknown> }).monitors;
const installMs = 240_000;
let begun = 0;

/** The registry may be out of reach for a moment: nothing here is about that. */
async function installed(...args: string[]): Promise<void> {
  let ran = await place.muster(...args);
  for (let tries = 1; tries < 3 && ran.stderr.includes('npm cannot install'); tries += 1) ran = await place.muster(...args);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  if (why !== null) return;
  place = await createPlace('version: 1\npolicy: {allowEmpty: true}\nmodules: {}\n');
  const up = await place.musterWith({ env }, 'up', '-d', '-c', 'muster.yaml');
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const monit = 'monit: {package: pm2-server-monit@^3, config: {drive: /}, startTimeout: 60s}';
  await place.write('muster.yaml', `version: 1\nmodules:\n  ${monit}\n`);
  await installed('reload');
  begun = Date.now();
  await installed('install', 'pm2-sysmonit');
}, installMs);

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

when('1. pm2-server-monit, declared, is installed below the state dir and runs with a pid of its own', async () => {
  const { state, pid, path, origin } = await place.module('monit');
  expect({ state, origin }).toEqual({ state: 'R', origin: 'config' });
  expect(pid).not.toBe(await place.pid());
  expect(path.startsWith(join(place.stateDir, 'packages/monit/'))).toBe(true);
});

when('2. pm2-sysmonit, installed by hand, runs and is listed with its origin', async () => {
  expect(await place.module('pm2-sysmonit')).toMatchObject({ state: 'R', origin: 'manual', kind: 'package' });
});

when('5. pm2-sysmonit shows at least ten values, and refreshes them', async () => {
  await until(async () => Object.keys(await values('pm2-sysmonit')).length >= 10, 'ten values');
  const first = await values('pm2-sysmonit');
  await until(async () => JSON.stringify(await values('pm2-sysmonit')) !== JSON.stringify(first), 'they are refreshed');
});

when('3. its action info is triggered, and its reply printed', async () => {
  await until(async () => (await info('pm2-sysmonit')).actions?.some(({ name }) => name === 'info') === true, 'it has the action');
  const ran = await place.muster('trigger', '--timeout', '30s', 'pm2-sysmonit', 'info');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(json(ran)).toMatchObject({ cpu: expect.anything(), mem: expect.anything() });
  const { stdout } = await place.muster('events', '--json');
  const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EventDoc]));
  expect(events).toContainEqual(expect.objectContaining({ name: 'pm2-sysmonit', type: 'state' }));
});

when('4. the actions of pm2-server-monit are shown, and uptime is triggered', async () => {
  await until(async () => (await info('monit')).actions?.some(({ name }) => name === 'uptime') === true, 'it has the action');
  const ran = await place.muster('trigger', '--timeout', '30s', 'monit', 'uptime');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout.trim()).not.toBe('null');
  await until(async () => Object.keys(await values('monit')).length > 3, 'it shows values');
  expect(await info('monit')).toMatchObject({ version: expect.stringMatching(/^3\./), options: { module_name: 'pm2-server-monit' } });
});

when('1, 2. after ten seconds both run still, and were never started again', async () => {
  await until(async () => Date.now() - begun > 10_000, 'ten seconds have gone by');
  for (const name of ['monit', 'pm2-sysmonit']) expect(await place.module(name)).toMatchObject({ state: 'R', restarts: 0 });
});
