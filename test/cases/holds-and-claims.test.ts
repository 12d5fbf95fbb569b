import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, json, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

/** Told to stop, it goes on until there is a file `go`. */
const lingers = (word = '') => `sh, -c, "trap 'until test -e go; do sleep 0.05; done; exit' TERM; : ${word}; while :; do sleep 0.1; done"`;
const slow = `{command: [${lingers()}], cwd: ., stopTimeout: 60s}`;

test('remove --hold also keeps a module away that was loaded by hand', async () => {
  await using place = await createPlace('version: 1\nmodules: {db: {command: [sleep, inf]}}\n');
  await place.up();
  await place.muster('load', '--command', 'extra', 'sleep', 'inf');
  expect(await place.muster('remove', '--hold', '--reason', 'r', 'extra')).toMatchObject({ code: 0 });
  expect(await place.muster('remove', '-f', '--hold', '--reason', 'r', 'nothing')).toMatchObject({ code: 0 });
  expect((await place.status()).held).toMatchObject([{ name: 'extra', reason: 'r' }]);
});

test('stop refuses what somebody holds, and takes its place with --override', async () => {
  await using place = await createPlace('version: 1\nmodules: {db: {command: [sleep, inf]}}\n');
  await place.up();
  await place.muster('hold', 'db', '--reason', 'INC-77');
  const refused = await place.muster('stop', 'db');
  expect(refused).toMatchObject({ code: 8 });
  expect(refused.stderr).toContain('INC-77');
  expect(await place.module('db')).toMatchObject({ state: 'R', held: { reason: 'INC-77' } });
  expect(await place.muster('stop', '--override', 'db')).toMatchObject({ code: 0 });
  expect(await place.module('db')).toMatchObject({ state: 'E', held: { stopped: true } });
  await place.muster('hold', 'db', '--reason', 'still');
  expect(await place.muster('release', 'db')).toMatchObject({ code: 0 });
  expect(await place.module('db')).toMatchObject({ state: 'R', held: null });
});

test('while everything is held, a single hold is neither released nor lost', async () => {
  await using place = await createPlace('version: 1\nmodules: {db: {command: [sleep, inf]}}\n');
  await place.up();
  await place.muster('stop', 'db');
  await place.muster('hold', '--all', '--reason', 'freeze');
  for (const command of ['start', 'release']) {
    const refused = await place.muster(command, 'db');
    expect(refused).toMatchObject({ code: 8 });
    expect(refused.stderr).toContain('freeze');
  }
  expect(await place.module('db')).toMatchObject({ state: 'E', held: { stopped: true } });
  expect(await place.muster('start', '--override', 'db')).toMatchObject({ code: 0 });
  expect(await place.module('db')).toMatchObject({ state: 'R', held: { reason: 'freeze' } });
});

test('when the hold on everything ends, what has finished is not run again and what was stopped stays stopped', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  once: {command: [sh, -c, "echo ran >> ran; until test -e go; do sleep 0.05; done"], cwd: ., restart: {policy: never}}
  web: {command: [sleep, inf]}
`,
  );
  await place.up();
  await place.write('go', '');
  await until(async () => (await place.module('once')).state === 'E', 'it has finished');
  await place.muster('stop', 'web');
  await place.muster('hold', '--all', '--reason', 'freeze', '--for', '1s');
  await until(async () => (await place.status()).held.length === 1, 'the hold on everything has ended');
  await place.reload();
  expect(await readFile(join(place.dir, 'ran'), 'utf8')).toBe('ran\n');
  expect(await place.module('once')).toMatchObject({ state: 'E', failed: false });
  expect(await place.module('web')).toMatchObject({ state: 'E', held: { stopped: true } });
  expect(await place.muster('start', 'web')).toMatchObject({ code: 0 });
  expect(await place.module('web')).toMatchObject({ state: 'R' });
});

test('a command that waits for a name gives up after --lock-timeout with exit 9', async () => {
  await using place = await createPlace(`version: 1\nmodules: {slow: ${slow}}\n`);
  await place.up();
  const first = place.muster('restart', 'slow');
  await until(async () => (await place.module('slow')).state === 'F', 'the restart is under way');
  const second = await place.muster('restart', '--lock-timeout', '50ms', 'slow');
  expect(second).toMatchObject({ code: 9 });
  expect(second.stderr).toContain('restart is still in progress after 50 ms');
  await place.write('go', '');
  expect((await first).code).toBe(0);
});

test('a restart that waited for a run starts what the run made of the module', async () => {
  await using place = await createPlace(`version: 1\nmodules: {slow: ${slow}}\n`);
  await place.up();
  using daemon = await talk(place);
  await place.write('muster.yaml', 'version: 1\nmodules: {slow: {command: [sleep, inf]}}\n');
  const run = place.muster('reload');
  await until(async () => (await place.module('slow')).state === 'F', 'the run is under way');
  const restarting = daemon.muster('restart', { names: ['slow'] });
  await daemon.muster('ping', {}); // it was asked for later, and requests are taken in their order
  await place.write('go', '');
  expect((await restarting).exitCode).toBe(0);
  expect((await run).code).toBe(0);
  expect(await place.module('slow')).toMatchObject({ state: 'R', path: 'sleep' });
  expect(await place.status()).toMatchObject({ synced: true });
});

test('what is stopped while a run is on its way to it stays stopped', async () => {
  const config = (word: string) =>
    `version: 1
policy: {concurrency: 1}
modules:
  slow: {command: [${lingers(word)}], cwd: ., stopTimeout: 60s}
  web: {command: [sh, -c, "sleep inf; : ${word}"]}
`;
  await using place = await createPlace(config('old'));
  await place.up();
  await place.write('muster.yaml', config('new'));
  const run = place.muster('reload', '--json');
  await until(async () => (await place.module('slow')).state === 'F', 'the run is under way');
  expect((await place.muster('stop', 'web')).code).toBe(0);
  await place.write('go', '');
  expect(json(await run)).toMatchObject({
    changes: [
      { name: 'slow', status: 'ok' },
      { name: 'web', status: 'skipped' },
    ],
  });
  expect(await place.module('web')).toMatchObject({ state: 'E', pid: null, held: { stopped: true } });
});

test('options that a declared module cannot take are refused instead of dropped', async () => {
  await using place = await createPlace('version: 1\nmodules: {db: {command: [sleep, inf], disabled: true}}\n');
  await place.up();
  const ran = await place.muster('load', '--override', '--env', 'A=b', 'db');
  expect(ran).toMatchObject({ code: 1 });
  expect(ran.stderr).toContain('--env is for modules loaded by hand');
});

test('down during a run ends the run, and both callers get their answer', async () => {
  await using place = await createPlace('version: 1\nmodules: {db: {command: [sleep, inf]}}\n');
  await place.up();
  await place.write('never.mjs', 'export const main = () => new Promise(() => setTimeout(() => {}, 2 ** 30));\n');
  await place.write(
    'muster.yaml',
    'version: 1\nmodules: {db: {command: [sleep, inf]}, never: {module: ./never.mjs, stopTimeout: 200ms}}\n',
  );
  const run = place.muster('reload', '--json');
  await until(async () => (await place.list()).some(({ name, state }) => name === 'never' && state === 'I'), 'the run is under way');
  const down = await place.muster('down', '--json');
  expect(down).toMatchObject({ code: 0 });
  const result = await run;
  expect(result.stderr).not.toContain('bug');
  expect(json(result)).toMatchObject({ outcome: 'failed', changes: [{ name: 'never', status: 'failed' }] });
});

test('what a reload passed over because it was held is applied when the hold ends, also where nothing else changed', async () => {
  const config = (seconds: number) => `version: 1\nmodules: {web: {command: [sleep, "${seconds}"]}}\n`;
  await using place = await createPlace(config(1000));
  await place.up();
  const { serial } = await place.status();
  await place.muster('hold', 'web', '--reason', 'r');
  await place.write('muster.yaml', config(2000));
  for (let times = 0; times < 2; times += 1) expect((await place.reload()).result.changes).toEqual([]);
  expect(await place.status()).toMatchObject({ serial, generation: 2 });
  const released = await place.muster('release', 'web');
  expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining('1 reloaded') });
  expect(await place.status()).toMatchObject({ synced: true, held: [], drift: [] });
});

test('a reload or restart that waited for a module which is removed meanwhile says that it is not loaded', async () => {
  await using place = await createPlace(`version: 1\nmodules: {other: {command: [sleep, inf]}}\n`);
  await place.up();
  await place.muster('load', '--command', 'slow', 'sh', '-c', "trap 'sleep 2; exit' TERM; while :; do sleep 0.1; done");
  const removing = place.muster('remove', 'slow');
  await until(async () => (await place.module('slow')).state === 'F', 'the removal is under way');
  const late = [place.muster('reload', 'slow'), place.muster('restart', 'slow')];
  expect((await removing).code).toBe(0);
  for (const one of late) expect(await one).toMatchObject({ code: 1, stderr: expect.stringContaining('no module "slow" is loaded') });
});
