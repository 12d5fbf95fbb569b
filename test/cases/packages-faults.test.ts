import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { startRunning } from '../support/running.ts';
import { readIn } from '../support/shell.ts';
import { identities } from '../support/untouched.ts';

// One after the other, in one place, with a program in the place of npm that does what it is told.
let place: Place;
let env: Record<string, string>;
const token = 'npm-secret-of-this-test';

const npm = (mode: 'hangs' | 'full' | 'talks' | 'crashes' | 'installs') => writeFileSync(join(place.dir, 'bin/mode'), mode);
const runs = () => readIn(place, 'bin/runs').split('\n').length - 1;
const staged = () => {
  const folder = join(place.stateDir, 'packages/.staging');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const up = () => place.musterWith({ env }, 'up', '-d', '-c', 'muster.yaml');
const beat = 'version: 1\nmodules:\n  beat: builtin:heartbeat\n';

/** Resolves with the pid of the npm that hangs. */
async function hanging(): Promise<number> {
  await until(() => readIn(place, 'bin/pid') !== '', 'npm is at it', 60_000);
  const pid = Number(readIn(place, 'bin/pid'));
  rmSync(join(place.dir, 'bin/pid'));
  return pid;
}

beforeAll(async () => {
  place = await createPlace(beat);
  mkdirSync(join(place.dir, 'bin'));
  copyFileSync(join(import.meta.dirname, 'fixtures/fake-npm.cjs'), join(place.dir, 'bin/npm'));
  chmodSync(join(place.dir, 'bin/npm'), 0o755);
  env = { PATH: `${join(place.dir, 'bin')}:${process.env.PATH}`, npm_config_token: token };
  npm('installs');
  expect((await up()).code).toBe(0);
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

test('an npm that is killed midway is told of, and nothing of what it made is left', async () => {
  npm('hangs');
  await using install = startRunning(place, 'install', 'halves');
  process.kill(await hanging(), 'SIGKILL');
  await until(() => install.stderr() !== '', 'it is told', 60_000);
  expect(install.stderr()).toContain('npm cannot install halves: npm was ended by SIGKILL');
  expect([staged(), readdirSync(join(place.stateDir, 'packages')).includes('halves')]).toEqual([[], false]);
});

test('an npm that finds the disk full is told of with ENOSPC, and nothing of what it made is left', async () => {
  const before = await place.list();
  npm('full');
  const ran = await place.muster('install', 'large');
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain('npm cannot install large: the disk is full: ENOSPC: no space left on device, write (npm ENOSPC) (ENOSPC)');
  expect(staged()).toEqual([]);
  expect(identities(await place.list())).toEqual(identities(before));
});

test('tokens and passwords of npm are in no output', async () => {
  npm('talks');
  const ran = await place.muster('install', '--json', 'private');
  const events = await place.muster('events');
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/the registry refuses it: Unable to authenticate, \*\*\*.*\(EACCES\)/);
  for (const text of [ran.stdout, ran.stderr, events.stdout]) expect(text).not.toMatch(new RegExp(`${token}|hunter22|abcdef`));
});

test('a daemon that is killed while npm is at it takes npm along, and the next one knows nothing half installed', async () => {
  npm('hangs');
  await place.write('muster.yaml', `${beat}  slow: {package: slow}\n`);
  await using _ = startRunning(place, 'reload');
  const pid = await hanging();
  await place.kill();
  await until(() => !isAlive(pid), 'npm is gone', 60_000);
  npm('installs');
  expect((await up()).code).toBe(0);
  expect(staged()).toEqual([]);
  expect((await place.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['beat R', 'slow R']);
});

test('a daemon that is killed between the installation and the start runs what was installed once, without npm', async () => {
  await place.write('muster.yaml', `${beat}  slow: {package: slow}\n  late: {package: late, ready: {file: ./go}}\n`);
  await using _ = startRunning(place, 'reload');
  await until(
    async () => (await place.list()).some(({ name, state, pid }) => name === 'late' && state === 'I' && pid !== null),
    'it starts',
    60_000,
  );
  const before = runs();
  const { pid } = await place.module('late');
  await place.kill();
  await place.write('go', '');
  expect((await up()).code).toBe(0);
  expect(isAlive(pid ?? 0)).toBe(false);
  expect((await place.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['beat R', 'late R', 'slow R']);
  expect(runs()).toBe(before);
  const folders = readdirSync(join(place.stateDir, 'packages/late'));
  expect(folders).toHaveLength(1);
});

test('a daemon that is killed before a saved package is known to run has the config and the lock put back by the next one', async () => {
  const waits = `defaults: {package: {ready: {file: ./never}}}\n`;
  const own = readIn(place, 'muster.yaml');
  await place.write('muster.yaml', `${waits}${own}`);
  const before = readIn(place, 'muster.yaml');
  await using _ = startRunning(place, 'install', '--save', 'unproven');
  await until(
    async () => (await place.list()).some(({ name, state, pid }) => name === 'unproven' && state === 'I' && pid !== null),
    'it starts',
    60_000,
  );
  expect(readIn(place, 'muster.yaml')).toContain('unproven');
  await place.kill();
  expect(existsSync(join(place.dir, 'muster.lock'))).toBe(true);
  await place.write('never', '');
  expect((await up()).code).toBe(0);
  expect([readIn(place, 'muster.yaml'), existsSync(join(place.dir, 'muster.lock'))]).toEqual([before, false]);
  expect((await place.list()).map(({ name, state }) => `${name} ${state}`)).toEqual(['beat R', 'late R', 'slow R']);
  expect(existsSync(join(place.stateDir, 'unfinished-saves'))).toBe(false);
  await place.write('muster.yaml', own);
  expect((await place.muster('reload')).code).toBe(0);
});

test('a package that does not run leaves nothing: no folder by hand, and no module or entry where it was to be saved', async () => {
  npm('crashes');
  const config = readIn(place, 'muster.yaml');
  const before = await place.list();
  expect((await place.muster('install', 'falls')).code).toBe(4);
  expect(existsSync(join(place.stateDir, 'packages/falls'))).toBe(false);
  expect((await place.muster('install', '--save', 'falls')).code).toBe(4);
  expect(readIn(place, 'muster.yaml')).toBe(config);
  expect(identities(await place.list())).toEqual(identities(before));
  npm('installs');
});

test('a package whose files somebody took away is missed, and comes back as it was with the next run', async () => {
  const folder = join(place.stateDir, 'packages/late');
  const [id] = readdirSync(folder);
  const { pid } = await place.module('late');
  rmSync(folder, { recursive: true });
  const planned = await place.muster('reconcile', '--dry-run');
  expect(planned.stderr + planned.stdout).toContain('muster.yaml:5:3: warning lost: files of late are gone from the state dir');
  process.kill(pid ?? 0, 'SIGKILL');
  await until(
    async () => /its script .* is gone; muster reload/.test(JSON.stringify(await place.module('late'))),
    'its crash says so',
    60_000,
  );
  const reloaded = await place.muster('reload');
  expect([reloaded.code, reloaded.stderr + reloaded.stdout]).toEqual([0, expect.stringContaining('warning restored: files of late')]);
  expect(readIn(place, 'bin/runs')).toMatch(/ late@1\.0\.0\n$/);
  await until(async () => (await place.module('late')).state === 'R', 'it runs again', 60_000);
  rmSync(folder, { recursive: true });
  expect((await place.muster('restart', 'late')).code).toBe(0);
  expect(readdirSync(folder)).toEqual([id]);
});

test('a daemon that is told to stop does not wait for npm', async () => {
  npm('hangs');
  await using install = startRunning(place, 'install', 'never');
  const pid = await hanging();
  expect((await place.muster('down')).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  await until(() => install.stderr() !== '', 'its client is told', 60_000);
});
