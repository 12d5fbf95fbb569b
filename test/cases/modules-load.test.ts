import { createHash } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModuleStats } from '../../src/model/documents.ts';
import { createPlace, type Place } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';
import { identities } from '../support/untouched.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const config = `version: 1
modulePath: [./path]
modules:
  declared: ./mods/tiny.js
`;

// One after the other, in one place: each begins with what the one before has left.
let place: Place;
let daemon: Talk;

beforeAll(async () => {
  place = await createPlace(config);
  for (const file of ['mods/tiny.js', 'path/onpath.mjs', 'further/in-env.mjs']) {
    await place.write(file, '');
    await cp(join(fixtures, file.startsWith('mods') ? 'tiny.mjs' : 'tells-start.mjs'), join(place.dir, file));
  }
  await place.write('package.json', '{"type": "module"}\n');
  const env = { MUSTER_MODULE_PATH: `${join(place.dir, 'nowhere')}:${join(place.dir, 'further')}` };
  const up = await place.musterWith({ env }, 'up', '-d', '-c', 'muster.yaml');
  expect(up.code, up.stderr).toBe(0);
  daemon = await talk(place);
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

test('1. a module is loaded by its path, quietly, and listed with size and digest of its file', async () => {
  expect(await place.muster('load', './mods/tiny.js')).toEqual({ code: 0, stdout: '', stderr: '' });
  const bytes = await readFile(join(place.dir, 'mods/tiny.js'));
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  expect(await place.module('tiny')).toMatchObject({ state: 'R', size: bytes.length, digest: sha1, path: join(place.dir, 'mods/tiny.js') });
  const row = (await place.muster('list')).stdout.split('\n').find((line) => line.startsWith('tiny '));
  expect(row?.split(/\s+/).slice(0, 5)).toEqual(['tiny', String(bytes.length), sha1.slice(-7), expect.stringMatching(/^\d+$/), 'R']);
});

test('2. a second load of it is refused, and the first runs on as it was', async () => {
  await daemon.ask('tiny.echo', 1);
  const before = await place.module('tiny');
  const counted = requests(await daemon.muster('stats', { name: 'tiny' }));
  expect(counted).toBeGreaterThan(0);
  const again = await place.muster('load', './mods/tiny.js');
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('already loaded (EEXIST)');
  expect(identities([await place.module('tiny')])).toEqual(identities([before]));
  expect(requests(await daemon.muster('stats', { name: 'tiny' }))).toBeGreaterThanOrEqual(counted);
});

test('3. a file is loaded twice under two names, and each instance knows its own', async () => {
  expect(await place.muster('load', '--name', 'smurf', './mods/tiny.js', 'an', 'argument')).toMatchObject({ code: 0 });
  const [smurf, tiny] = [await place.module('smurf'), await place.module('tiny')];
  expect(smurf.path).toBe(tiny.path);
  expect([await daemon.ask('smurf.name'), await daemon.ask('tiny.name')]).toEqual(['smurf', 'tiny']);
});

test('4. a reload of one starts it anew with its arguments and leaves the other', async () => {
  const [smurf, tiny] = [await place.module('smurf'), await place.module('tiny')];
  expect(await place.muster('reload', 'smurf')).toMatchObject({ code: 0 });
  expect((await place.module('smurf')).since).not.toBe(smurf.since);
  expect(await daemon.ask('smurf.args')).toEqual(['an', 'argument']);
  expect(identities([await place.module('tiny')])).toEqual(identities([tiny]));
});

test('5. a removal of one leaves the other and frees the name', async () => {
  const tiny = await place.module('tiny');
  expect(await place.muster('remove', 'smurf')).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['declared', 'tiny']);
  expect(identities([await place.module('tiny')])).toEqual(identities([tiny]));
  expect(await place.muster('load', '--name', 'smurf', './path/onpath.mjs')).toMatchObject({ code: 0 });
  expect((await place.module('smurf')).path).toBe(join(place.dir, 'path/onpath.mjs'));
});

test('6. a bare name is found on modulePath and in $MUSTER_MODULE_PATH; else the folders are named', async () => {
  expect(await place.muster('load', 'onpath')).toMatchObject({ code: 0, stderr: '' });
  expect(await place.muster('load', 'in-env')).toMatchObject({ code: 0, stderr: '' });
  expect((await place.module('onpath')).path).toBe(join(place.dir, 'path/onpath.mjs'));
  expect((await place.module('in-env')).path).toBe(join(place.dir, 'further/in-env.mjs'));
  const missing = await place.muster('load', 'nosuch');
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr).toContain('(ENOENT)');
  for (const folder of ['path', 'nowhere', 'further']) expect(missing.stderr).toContain(join(place.dir, folder));
});

test('7. what is not loaded is neither removed nor reloaded; -f forgives the removal and loads what is declared', async () => {
  for (const command of ['remove', 'reload']) {
    const ran = await place.muster(command, 'nosuch');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('(ENOENT)');
  }
  expect(await place.muster('remove', '-f', 'nosuch')).toMatchObject({ code: 0 });
  expect(await place.muster('remove', 'declared')).toMatchObject({ code: 0 });
  expect(await place.muster('reload', 'declared')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
  expect(await place.muster('reload', '-f', 'declared')).toMatchObject({ code: 0 });
  expect((await place.module('declared')).state).toBe('R');
});

test('8. bad usage is told on stderr with exit code 1, and help on stdout with 0', async () => {
  const bad = [[], ['load'], ['debug', 'a', 'b'], ['list', '--nosuch'], ['nosuch']];
  for (const ran of await Promise.all(bad.map((args) => place.muster(...args)))) {
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).not.toBe('');
  }
  expect((await place.muster()).stderr).toMatch(/usage/i);
  const help = await place.muster('--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatch(/usage/i);
});

function requests(stats: unknown): number {
  return (stats as ModuleStats).rx?.request ?? Number.NaN;
}
