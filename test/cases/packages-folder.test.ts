import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PackageText, tells, writePackage } from '../support/packages.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { readIn } from '../support/shell.ts';
import { identities } from '../support/untouched.ts';

// Packages in folders: nothing is installed, so that npm is not asked for any of it.
let place: Place;

const other = { 'of-apps.js': tells, 'of-pm2.js': tells, 'of-bin.js': tells, 'of-second.js': tells, 'index.js': tells };
const packages: Record<string, { manifest: object; files?: PackageText['files'] }> = {
  apps: { manifest: { apps: [{ script: 'of-apps.js' }], main: 'index.js' } },
  pm2: { manifest: { pm2: { script: './of-pm2.js' }, bin: 'of-bin.js' } },
  both: { manifest: { apps: { script: 'of-apps.js' }, pm2: [{ script: 'of-pm2.js' }] } },
  bins: { manifest: { bin: { one: 'of-bin.js', two: 'of-second.js' } } },
  bin: { manifest: { bin: './of-bin.js', main: 'index.js' } },
  main: { manifest: { main: 'index' } },
  several: {
    manifest: {
      apps: [
        { name: 'web', script: 'of-apps.js', args: '--port 80', env: { FROM: 'apps' }, cwd: 'site', kill_timeout: 1600, log_file: 'x' },
        { name: 'worker', script: 'index.js', autorestart: false, instances: 2 },
      ],
    },
    files: { 'site/readme': '' },
  },
  native: {
    manifest: { main: 'index.mjs', config: { greeting: 'hello', nested: { a: 1, b: 2 } } },
    files: {
      'index.mjs':
        'export async function main(ctx, args) { ctx.handle("hello", () => ({ config: ctx.config, args })); ctx.onReconfigure(() => {}); await ctx.run(); }\n',
    },
  },
};

const config = (native = 'nested: {b: 3}') =>
  `version: 1
defaults: {package: {env: {OUT: "${place.dir}"}}}
modules:
${Object.keys(packages)
  .filter((name) => name !== 'native')
  .map((name) => `  ${name}: {package: ./of/${name}, env: {OUT: "${place.dir}", SEEN: ${name}.json}}\n`)
  .join('')}  native: {package: ./of/native, args: [-v], config: {${native}}}
`;

interface Seen {
  main: string;
  cwd: string;
  args: string[];
  env: Record<string, string>;
}
const seen = (name: string): Seen => JSON.parse(readIn(place, `${name}.json`)) as Seen;

beforeAll(async () => {
  place = await createPlace();
  for (const [name, { manifest, files = {} }] of Object.entries(packages)) {
    writePackage(join(place.dir, 'of', name), { manifest: { name, version: '1.0.0', ...manifest }, files: { ...other, ...files } });
  }
  await place.write('muster.yaml', config());
  const up = await place.up();
  expect(up.stderr).toMatch(/muster\.yaml:\d+:\d+: warning package: apps\[0\] of several: passed over log_file\n/);
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

test.each([
  ['apps', 'of-apps.js'],
  ['pm2', 'of-pm2.js'],
  ['both', 'of-apps.js'],
  ['bins', 'of-bin.js'],
  ['bin', 'of-bin.js'],
  ['main', 'index.js'],
])('7. of a package with %s it is %s that runs', (name, script) => {
  expect(seen(name).main).toBe(join(place.dir, 'of', name, script));
});

test('several entries are modules of their own, and say where and with what they run and how they end', async () => {
  const named = (await place.list()).filter(({ package: spec }) => spec === join(place.dir, 'of/several'));
  expect(named.map(({ name, service, state }) => [name, service, state])).toEqual([
    ['several.web', null, 'R'],
    ['several.worker-0', null, 'R'],
    ['several.worker-1', null, 'R'],
  ]);
  const spec = async (name: string) => JSON.parse((await place.muster('info', '--json', name)).stdout).spec;
  expect(await spec('several.web')).toMatchObject({ args: ['--port', '80'], stopTimeout: 1600, restart: { policy: 'onFailure' } });
  expect((await spec('several.worker-1')).restart).toMatchObject({ policy: 'never' });
});

test('a package that exports main(ctx, args) is a module in a process of its own, and takes a new config live', async () => {
  const ask = async () => JSON.parse((await place.muster('request', 'native.hello')).stdout);
  expect(await ask()).toEqual({ config: { greeting: 'hello', nested: { a: 1, b: 3 } }, args: ['-v'] });
  const before = await place.module('native');
  expect(before).toMatchObject({ kind: 'package', version: '1.0.0', node: process.version });
  await place.write('muster.yaml', config('greeting: hi'));
  const { ran, result } = await place.reload();
  expect(ran.code, ran.stderr).toBe(0);
  expect(result.changes.map(({ name, action }) => [name, action])).toEqual([['native', 'reconfigure']]);
  expect(await ask()).toMatchObject({ config: { greeting: 'hi', nested: { a: 1, b: 2 } } });
  expect((await place.module('native')).pid).toBe(before.pid);
});

test.skipIf(process.getuid?.() !== 0)(
  'a package runs as the user that is asked for, with the mask and the limits that it is to have',
  async () => {
    writePackage(join(place.dir, 'plain'), {
      manifest: { name: 'plain', version: '1.0.0', main: 'index.js' },
      files: { 'index.js': 'setInterval(() => {}, 1000);\n' },
    });
    chmodSync(place.dir, 0o755);
    await place.write(
      'muster.yaml',
      `${config()}  plain: {package: ./plain, user: "65534", group: "65534", umask: "027", rlimits: {nofile: 99}}\n`,
    );
    expect((await place.reload()).result).toMatchObject({ outcome: 'applied' });
    const { pid } = await place.module('plain');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect([/^Uid:\t(\d+)/m.exec(status)?.[1], /^Umask:\t(\d+)/m.exec(status)?.[1]]).toEqual(['65534', '0027']);
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/^Max open files +99 +99 /m);
    await place.write('muster.yaml', config());
    expect((await place.reload()).result).toMatchObject({ outcome: 'applied' });
  },
);

test('24. a changed file reloads its package once; node_modules, dotfiles, logs and what git ignores do not', async () => {
  const folder = join(place.dir, 'of/main');
  const before = await place.list();
  await place.write('of/main/.gitignore', 'data/\n*.out\n!kept.out\n');
  for (const file of ['node_modules/x/index.js', '.env', 'out.log', 'logs/today.txt', 'data/rows.json', 'x.out']) {
    await place.write(`of/main/${file}`, 'changed');
  }
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
  expect(identities(await place.list())).toEqual(identities(before));
  for (const file of ['index.js', 'kept.out']) {
    appendFileSync(join(folder, file), '\n// more\n');
    const { result } = await place.reload();
    expect(result.changes.map(({ name, action, reason }) => [name, action, reason.code])).toEqual([['main', 'reload', 'codeChanged']]);
  }
  const after = await place.list();
  expect(identities(after.filter(({ name }) => name !== 'main'))).toEqual(identities(before.filter(({ name }) => name !== 'main')));
});

test('a damaged package.json, or a dependency that is missing, is named before anything is stopped', async () => {
  const before = await place.list();
  const file = join(place.dir, 'of/bin/package.json');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, 10));
  const damaged = await place.muster('reload');
  expect(damaged.code).toBe(1);
  expect(damaged.stderr).toMatch(/muster\.yaml:8:3: error EINVAL: .*of\/bin\/package\.json is no JSON/);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(whole), dependencies: { 'left-out': '1' } }));
  const missing = await place.muster('reload');
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.stderr).toMatch(/bin needs left-out, not installed in .*\n.*npm install --prefix/);
  writeFileSync(file, whole);
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
  expect(identities(await place.list())).toEqual(identities(before));
});

test('what is installed from a folder is loaded again with each save of it, once, and taken out again', async () => {
  const folder = writePackage(join(place.dir, 'dev'), { manifest: { name: 'dev', version: '0.0.1', main: 'index.js' } });
  const args = ['install', '--env', `OUT=${place.dir}`, '--env', 'SEEN=dev.json', '.'];
  expect(await place.musterWith({ cwd: folder }, ...args)).toMatchObject({ code: 0, stderr: '' });
  const first = await place.module('dev');
  expect(first).toMatchObject({ origin: 'manual', version: '0.0.1', state: 'R' });
  await place.write('dev/.cache', 'x');
  await place.write('dev/error.log', 'x');
  await place.write('dev/new.js', 'module.exports = 1;\n');
  await until(
    async () => (await place.module('dev')).pid !== first.pid && (await place.module('dev')).state === 'R',
    'a new file is taken up',
    60_000,
  );
  const second = await place.module('dev');
  await place.write('dev/package.json', JSON.stringify({ name: 'dev', version: '0.0.2', apps: [{ script: 'index.js', args: '--again' }] }));
  await until(async () => (await place.module('dev')).version === '0.0.2', 'a save is taken up', 60_000);
  expect((await place.module('dev')).pid).not.toBe(second.pid);
  const reloads = async () => {
    const events = (await place.muster('events', '--json')).stdout.split('\n');
    return events.filter((line) => /"type":"result"/.test(line) && /watch: applied/.test(line)).length;
  };
  await until(async () => (await reloads()) >= 2, 'both saves are done with', 60_000);
  expect(seen('dev').args).toEqual(['--again']);
  expect(await place.musterWith({ cwd: folder }, 'uninstall', '.')).toMatchObject({ code: 0, stderr: '' });
  expect((await place.list()).map(({ name }) => name)).not.toContain('dev');
  expect(existsSync(join(folder, 'package.json'))).toBe(true);
  expect(await reloads()).toBe(2);
});

test('init package writes a package that can be installed as it is', async () => {
  const ran = await place.muster('init', 'package', 'fresh');
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toContain('wrote fresh/package.json');
  expect(await place.muster('install', './fresh')).toMatchObject({ code: 0, stderr: '' });
  expect(await place.module('fresh')).toMatchObject({ state: 'R', version: '0.1.0' });
  expect(await place.muster('uninstall', 'fresh')).toMatchObject({ code: 0 });
});
