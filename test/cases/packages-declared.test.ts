import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Registry, startRegistry, tells } from '../support/packages.ts';
import { createPlace, type Place } from '../support/place.ts';
import { readIn } from '../support/shell.ts';
import { identities } from '../support/untouched.ts';

// One after the other, in one place and with one registry.
let place: Place;
let registry: Registry;

const published = (version: string, more: object = {}) =>
  registry.publish({ manifest: { name: '@scope/x', version, main: 'index.js', ...more }, files: { 'index.js': tells } });
const declare = (entries: string) =>
  place.write('muster.yaml', `# by hand\nversion: 1\nmodules:\n  beat: builtin:heartbeat # stays\n${entries}`);
const entry = (range: string, more = '') => `  x: {package: "@scope/x@${range}", env: {OUT: "${place.dir}"}${more}}\n`;
const actions = (run: { changes: readonly { name: string; action: string }[] }) => run.changes.map(({ name, action }) => [name, action]);
const folders = (name: string) => readdirSync(join(place.stateDir, 'packages', name));

beforeAll(async () => {
  registry = await startRegistry();
  place = await createPlace();
  await declare('');
  const up = await place.musterWith({ env: registry.env }, 'up', '-d', '-c', 'muster.yaml');
  expect(up.code, up.stderr).toBe(0);
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

test('a dry run shows what is declared as not installed yet, and asks no registry', async () => {
  published('1.0.0', { scripts: { postinstall: 'touch done-by-script' } });
  await declare(entry('^1'));
  const { ran, plan } = await place.dryRun();
  expect(ran.stderr).toMatch(/muster\.yaml:5:3: warning notInstalled: @scope\/x@\^1 is not installed yet/);
  expect(actions(plan)).toEqual([['x', 'load']]);
  expect(await place.status()).toMatchObject({ synced: false });
  expect(registry.asked).toEqual([]);
});

test('1. a reload installs what is declared, and skips its install scripts, which it says', async () => {
  const { ran, result } = await place.reload();
  expect(ran.code, ran.stderr).toBe(0);
  expect(result.changes).toMatchObject([
    { name: 'x', action: 'load', version: '1.0.0', codeDigest: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
  expect(ran.stderr).toContain('the install script of @scope/x was skipped; allowScripts: true runs it');
  const module = await place.module('x');
  expect(module).toMatchObject({ state: 'R', origin: 'config', version: '1.0.0', restarts: 0 });
  expect(readdirSync(join(module.path, '..'))).not.toContain('done-by-script');
  expect(readIn(place, 'seen.json')).toContain(`"pid":${module.pid}`);
});

test('22. with an unchanged range there is no change, and npm is not run', async () => {
  const before = await place.module('x');
  published('1.1.0');
  registry.asked.length = 0;
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
  expect(registry.asked).toEqual([]);
  expect(identities([await place.module('x')])).toEqual(identities([before]));
});

test('23. another range is a reload of that module alone, and the old version runs until the new one is installed', async () => {
  const before = await place.list();
  published('2.0.0');
  await declare(entry('^2'));
  registry.spoil('@scope/x', 'hangs');
  const reload = place.reload();
  // While npm waits for the archive, what ran runs.
  while (!registry.asked.some((path) => path.endsWith('2.0.0.tgz'))) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(identities(await place.list())).toEqual(identities(before));
  registry.spoil('@scope/x', null);
  const { ran, result } = await reload;
  expect(ran.code, ran.stderr).toBe(0);
  expect(result.changes.map(({ name, action, fields }) => [name, action, fields.map(({ path }) => path)])).toEqual([
    ['x', 'reload', ['package', 'version', 'code']],
  ]);
  expect(await place.module('x')).toMatchObject({ state: 'R', version: '2.0.0' });
  const beat = (modules: typeof before) => identities(modules.filter(({ name }) => name === 'beat'));
  expect(beat(await place.list())).toEqual(beat(before));
});

test('what is declared is neither installed over nor uninstalled by hand', async () => {
  const install = await place.muster('install', '@scope/x@1');
  expect(install).toMatchObject({ code: 8, stdout: '' });
  expect(install.stderr).toMatch(/x is declared at .*muster\.yaml:5 \(EREFUSED\)\n.*muster install --save @scope\/x@1/);
  const uninstall = await place.muster('uninstall', 'x');
  expect(uninstall).toMatchObject({ code: 8 });
  expect(uninstall.stderr).toContain('take it out of there');
});

test('--save changes the one value in the config and pins what it gave in muster.lock', async () => {
  expect(await place.muster('install', '--save', '@scope/x@^1')).toMatchObject({ code: 0 });
  expect(readIn(place, 'muster.yaml')).toBe(`# by hand\nversion: 1\nmodules:\n  beat: builtin:heartbeat # stays\n${entry('^1')}`);
  expect(await place.module('x')).toMatchObject({ version: '1.1.0', origin: 'config' });
  const { packages } = JSON.parse(readIn(place, 'muster.lock'));
  expect(packages.x).toMatchObject({ spec: '@scope/x@^1', version: '1.1.0', integrity: expect.stringMatching(/^sha512-/) });
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
});

test('what cannot be installed is not written down', async () => {
  const before = [readIn(place, 'muster.yaml'), readIn(place, 'muster.lock')];
  expect(await place.muster('install', '--save', '@scope/x@^7')).toMatchObject({ code: 1 });
  registry.publish({ manifest: { name: 'bad', version: '1.0.0', main: 'index.js' }, files: { 'index.js': 'process.exit(3);\n' } });
  expect((await place.muster('install', '--save', 'bad')).code).toBeGreaterThan(1);
  expect([readIn(place, 'muster.yaml'), readIn(place, 'muster.lock')]).toEqual(before);
  expect((await place.reload()).ran.code).toBe(0);
  expect((await place.list()).map(({ name }) => name)).toEqual(['beat', 'x']);
});

test('a lock that pins another version is installed as it says, and one that pins another content is refused', async () => {
  const lock = JSON.parse(readIn(place, 'muster.lock'));
  const { version, integrity } = lock.packages.x;
  await place.write('muster.lock', readIn(place, 'muster.lock').replace(integrity, `sha512-${'A'.repeat(86)}==`));
  const before = await place.module('x');
  const refused = await place.muster('reload');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    new RegExp(`is not what muster\\.lock pins: ${version}.*\\n.*to take it: muster install --save @scope/x@\\^1\\n`),
  );
  expect(identities([await place.module('x')])).toEqual(identities([before]));
  await declare(entry('^2'));
  await place.write('muster.lock', JSON.stringify(lock));
  expect((await place.muster('validate')).stderr).toContain('muster.yaml:5:3: error lockDiffers: muster.lock has x as');
  const other = await place.muster('reload');
  expect(other.code).toBe(1);
  expect(other.stderr).toContain('muster.lock has x as @scope/x@^1 at 1.1.0, and the config asks for @scope/x@^2');
  await declare(entry('^1'));
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
});

test('--frozen installs what the lock has, and nothing that it does not have', async () => {
  published('1.9.0');
  await declare('');
  expect((await place.reload()).ran.code).toBe(0);
  expect(await place.muster('install', '--frozen', '--env', `OUT=${place.dir}`, '@scope/x@^1')).toMatchObject({ code: 0 });
  expect(await place.module('x')).toMatchObject({ version: '1.1.0', origin: 'manual' });
  const missing = await place.muster('install', '--frozen', 'bad');
  expect(missing).toMatchObject({ code: 8 });
  expect(missing.stderr).toMatch(/bad is not in muster\.lock.*\n.*muster install --save --name bad SPEC/);
  expect(folders('x').length).toBeGreaterThan(0);
});

test('a damaged lock stops the run and says what to do', async () => {
  await declare(entry('^1'));
  await place.write('muster.lock', '{');
  const before = await place.list();
  const ran = await place.muster('reload');
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/muster\.lock:1:2: the lock is damaged: .*\n.*version control/);
  const valid = await place.muster('validate', '-o', 'json');
  expect(valid.code).toBe(1);
  expect(JSON.parse(valid.stdout)).toMatchObject({
    valid: false,
    diagnostics: [{ code: 'lockDamaged', file: join(place.dir, 'muster.lock'), line: 1, column: 2 }],
  });
  expect(identities(await place.list())).toEqual(identities(before));
  expect(await place.status()).toMatchObject({ synced: false });
});

test('install without a spec writes all that is declared into the lock, and with --frozen refuses what is not there', async () => {
  await rm(join(place.dir, 'muster.lock'));
  await declare(entry('^1'));
  expect((await place.muster('install')).code).toBe(0);
  expect(Object.keys(JSON.parse(readIn(place, 'muster.lock')).packages)).toEqual(['x']);
  expect((await place.muster('install', '--frozen')).code).toBe(0);
  await declare(`${entry('^1')}  y: {package: "@scope/x@1.0.0"}\n`);
  expect((await place.dryRun()).ran.stderr).toContain('warning notInstalled');
  const frozen = await place.muster('install', '--frozen');
  expect(frozen).toMatchObject({ code: 8, stdout: '' });
  expect(frozen.stderr).toContain('y is not in muster.lock (EREFUSED)');
  expect((await place.list()).map(({ name }) => name)).toEqual(['beat', 'x']);
});
