import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  crashes,
  type PackageText,
  type Registry,
  startRegistry,
  writeArchive,
  writePackage,
  writeRepository,
} from '../support/packages.ts';
import { createPlace, type Place } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

// One after the other, in one place and with one registry: each begins with what the one before has left.
let place: Place;
let registry: Registry;

interface Seen {
  version: string;
  cwd: string;
  main: string;
  script: string;
  args: string[];
  env: Record<string, string>;
  pid: number;
}

const seen = (file: string): Seen => JSON.parse(readFileSync(join(place.dir, file), 'utf8')) as Seen;
/** What makes a package of the tests write down what it sees. */
const out = (file: string) => ['--env', `OUT=${place.dir}`, '--env', `SEEN=${file}`];
const installedFolders = (name: string): string[] => {
  const folder = join(place.stateDir, 'packages', name);
  return existsSync(folder) ? readdirSync(folder) : [];
};
const alpha = (version: string, more: Partial<PackageText> & { config?: object } = {}): PackageText => ({
  manifest: { name: 'alpha', version, main: 'index.js', config: more.config ?? { level: 1, flag: true } },
  ...(more.files === undefined ? {} : { files: more.files }),
});

beforeAll(async () => {
  registry = await startRegistry();
  place = await createPlace('version: 1\nmodules:\n  beat: builtin:heartbeat\n');
  registry.publish(alpha('1.0.0'));
  const up = await place.musterWith({ env: { ...registry.env, NPM_TOKEN: 'npm-token-of-the-test' } }, 'up', '-d', '-c', 'muster.yaml');
  expect(up.code, up.stderr).toBe(0);
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

test('9. a package of the registry is installed below the state dir and listed with its version, its spec and its node', async () => {
  expect(await place.muster('install', ...out('alpha.json'), '--config', '{"level": 7}', 'alpha@^1')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^ {2}\+ alpha +package +load +ok +asked for; version 1\.0\.0\nApplied: 1 loaded\.\n$/m),
  });
  const module = await place.module('alpha');
  expect(module).toMatchObject({
    kind: 'package',
    state: 'R',
    origin: 'manual',
    version: '1.0.0',
    package: 'alpha@^1',
    node: process.version,
  });
  expect(module.path.startsWith(join(place.stateDir, 'packages/alpha/1.0.0-'))).toBe(true);
  expect(seen('alpha.json').pid).toBe(module.pid);
  const row = (await place.muster('list', '-l')).stdout.split('\n').find((line) => line.startsWith('alpha '));
  expect(row).toMatch(/ 1\.0\.0 +v\d+\S+ +alpha@\^1\b/);
  expect((await place.muster('info', 'alpha')).stdout).toMatch(/^Version +1\.0\.0\nPackage +alpha@\^1\nNode +v/m);
});

test('11. its own defaults hold under what is said of it, with their types, as JSON and as variables', () => {
  const { env } = seen('alpha.json');
  expect(JSON.parse(env.alpha ?? '')).toEqual({ level: 7, flag: true });
  expect([env.level, env.flag]).toEqual(['7', 'true']);
});

test('12. it runs in its own folder as its own main program', async () => {
  const { path } = await place.module('alpha');
  const { cwd, main, script } = seen('alpha.json');
  expect([main, script]).toEqual([path, path]);
  expect(join(cwd, 'index.js')).toBe(path);
});

test('9. a folder, an archive and a git repository run, each under the name that its package.json says', async () => {
  const folder = writePackage(join(place.dir, 'in/folder'), {
    manifest: { name: '@scope/of.folder', version: '0.1.0', bin: { x: 'index.js' } },
  });
  writeArchive(join(place.dir, 'any.tgz'), { manifest: { name: 'packed', version: '0.2.0', main: './index' } });
  const repository = writeRepository(join(place.dir, 'r.git'), { manifest: { name: 'p', version: '0.3.0', main: 'index.js' } });
  expect(await place.musterWith({ cwd: folder }, 'install', ...out('folder.json'), '.')).toMatchObject({ code: 0, stderr: '' });
  expect(await place.muster('install', ...out('packed.json'), './any.tgz')).toMatchObject({ code: 0, stderr: '' });
  expect(await place.muster('install', ...out('p.json'), repository)).toMatchObject({ code: 0, stderr: '' });
  expect(seen('folder.json')).toMatchObject({ cwd: folder, version: '0.1.0' });
  const named = (await place.list()).map(({ name, version }) => `${name} ${version ?? ''}`);
  expect(named).toEqual(expect.arrayContaining(['of-folder 0.1.0', 'packed 0.2.0', 'p 0.3.0']));
});

test('10. what a repository is called means nothing', async () => {
  expect((await place.list()).map(({ name }) => name)).not.toContain('r');
  expect(installedFolders('p')).toHaveLength(1);
  expect(await place.muster('uninstall', 'p', 'packed', 'of-folder')).toMatchObject({ code: 0 });
  expect(installedFolders('p')).toEqual([]);
});

test('26. a variable that only its installer has is not there', async () => {
  const { env } = seen('alpha.json');
  expect(env.PATH).toBeDefined();
  expect(Object.keys(env).filter((name) => /^(?:npm_|NPM_TOKEN|ONLY_HERE)/.test(name))).toEqual([]);
  const ran = await place.musterWith({ env: { ONLY_HERE: 'x' } }, 'reload', 'alpha');
  expect(ran.code, ran.stderr).toBe(0);
  expect(seen('alpha.json').env.ONLY_HERE).toBeUndefined();
});

test.each([
  ['', 'the name of the package is empty'],
  [' ', 'the name of the package is empty'],
  ['--global', '"--global" is no package'],
])('%j is not handed to npm', async (spec, says) => {
  const ran = await place.muster('install', '--', spec);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(`muster: install: ${says} (EINVAL)\n  name it as npm does: name, name@range`);
});

test('8. a package without anything to run, or whose script is missing, says so and leaves nothing', async () => {
  const before = await place.list();
  registry.publish({ manifest: { name: 'empty', version: '1.0.0' } });
  registry.publish({ manifest: { name: 'lost', version: '1.0.0', main: 'nowhere.js' } });
  const empty = await place.muster('install', 'empty');
  expect(empty).toMatchObject({ code: 1, stdout: '' });
  expect(empty.stderr).toMatch(/package\.json says nothing to run \(EINVAL\)\n.*"apps", "pm2", "bin" or "main"/);
  const lost = await place.muster('install', 'lost');
  expect(lost).toMatchObject({ code: 1, stdout: '' });
  expect(lost.stderr).toMatch(/names the script nowhere\.js, which does not exist .*\(ENOENT\)/);
  expect([installedFolders('empty'), installedFolders('lost'), installedFolders('.staging')]).toEqual([[], [], []]);
  expect(identities(await place.list())).toEqual(identities(before));
});

test('an archive or repository that is installed only to learn its name leaves nothing where that is taken, or its script fails', async () => {
  writeArchive(join(place.dir, 'beat.tgz'), { manifest: { name: 'beat', version: '1.0.0', main: 'index.js' } });
  const taken = await place.muster('install', './beat.tgz');
  expect([taken.code, taken.stderr]).toEqual([8, expect.stringContaining('beat is declared at')]);
  writeArchive(join(place.dir, 'trips.tgz'), {
    manifest: { name: 'trips', version: '1.0.0', main: 'index.js', scripts: { postinstall: 'kill -9 $$' } },
  });
  expect(await place.muster('install', '--allow-scripts', './trips.tgz')).toMatchObject({ code: 1, stdout: '' });
  expect([installedFolders('beat'), installedFolders('trips'), installedFolders('.staging')]).toEqual([[], [], []]);
});

test('a package that talks with the daemon of PM2 is refused with what to do instead', async () => {
  const folder = writePackage(join(place.dir, 'rotate'), {
    manifest: { name: 'rotate', version: '1.0.0', main: 'index.js', dependencies: { pm2: '*' } },
  });
  const ran = await place.muster('install', folder);
  expect(ran).toMatchObject({ code: 1 });
  expect(ran.stderr).toMatch(/rotate depends on pm2 itself.*\(ENOTSUP\)\n.*run the package under PM2/);
});

test('27. a package that ends at once exits non-zero with its last lines, and leaves neither module nor files', async () => {
  registry.publish({ manifest: { name: 'crash', version: '1.0.0', main: 'index.js' }, files: { 'index.js': crashes } });
  const ran = await place.muster('install', 'crash');
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain('no such luck');
  expect((await place.list()).map(({ name }) => name)).not.toContain('crash');
  expect(installedFolders('crash')).toEqual([]);
});

test('17. a newer version has its new defaults, and what was said of the old one', async () => {
  const { pid } = await place.module('alpha');
  registry.publish(alpha('1.1.0', { config: { level: 2, added: 'yes' } }));
  const outdated = await place.muster('outdated');
  expect(outdated.code).toBe(2);
  expect(outdated.stdout).toMatch(/^alpha +1\.0\.0 +1\.1\.0 +1\.1\.0 +alpha@\^1/m);
  expect(await place.muster('install', 'alpha@^1')).toMatchObject({ code: 0 });
  const now = await place.module('alpha');
  expect(now).toMatchObject({ version: '1.1.0', state: 'R' });
  expect(now.pid).not.toBe(pid);
  const { env, version } = seen('alpha.json');
  expect({ version, added: env.added, flag: env.flag, alpha: JSON.parse(env.alpha ?? '') }).toEqual({
    version: '1.1.0',
    added: 'yes',
    flag: undefined,
    alpha: { level: 7, added: 'yes' },
  });
  expect(installedFolders('alpha')).toHaveLength(1);
});

test('another version has the arguments that it was installed with; those that its package says are of each version', async () => {
  const publish = (version: string, args: string) =>
    registry.publish({ manifest: { name: 'worded', version, apps: [{ script: 'index.js', args }] } });
  const argsOf = async (...said: string[]) => {
    expect(await place.muster('install', ...said)).toMatchObject({ code: 0 });
    return seen('worded.json').args;
  };
  publish('1.0.0', '--of one');
  expect(await argsOf(...out('worded.json'), 'worded')).toEqual(['--of', 'one']);
  publish('1.1.0', '--of two');
  expect(await argsOf('worded')).toEqual(['--of', 'two']);
  publish('1.2.0', '--of three');
  expect(await argsOf('worded', '--', '--mine', 'a b')).toEqual(['--mine', 'a b']);
  publish('1.3.0', '--of four');
  expect(await argsOf('worded')).toEqual(['--mine', 'a b']);
});

test('a version of which one program does not run gives way whole, whatever programs it has', async () => {
  const publish = (version: string, apps: Record<string, string>) =>
    registry.publish({
      manifest: { name: 'mm', version, apps: Object.entries(apps).map(([name, script]) => ({ name, script })) },
      files: { 'bad.js': crashes },
    });
  const programs = async () =>
    (await place.list()).filter(({ name }) => /^mm\b/.test(name)).map((one) => `${one.name} ${one.version} ${one.state}`);
  publish('1.0.0', { x: 'index.js', y: 'index.js' });
  expect(await place.muster('install', ...out('mm.json'), '--config', '{"mine": 1}', 'mm')).toMatchObject({ code: 0 });
  publish('2.0.0', { x: 'index.js', y: 'bad.js', z: 'index.js' });
  expect((await place.muster('install', 'mm')).code).toBe(4);
  expect(await programs()).toEqual(['mm.x 1.0.0 R', 'mm.y 1.0.0 R']);
  publish('3.0.0', { x: 'bad.js' });
  const before = await place.list();
  expect((await place.muster('install', 'mm')).code).toBe(4);
  expect(identities(await place.list())).toEqual(identities(before));
  expect(JSON.parse(seen('mm.json').env.mm ?? '')).toEqual({ mine: 1 });
  expect(await place.muster('uninstall', 'mm.x', 'mm.y', 'worded')).toMatchObject({ code: 0 });
});

test('18. an installation that npm fails in leaves what ran as it was', async () => {
  const before = await place.module('alpha');
  registry.publish(alpha('1.2.0'));
  registry.spoil('alpha', 'other');
  const spoiled = await place.muster('install', 'alpha@^1');
  expect(spoiled.code).toBe(1);
  expect(spoiled.stderr).toMatch(/npm cannot install alpha@\^1: what came is not what the registry promised.*npm EINTEGRITY/);
  registry.spoil('alpha', 'missing');
  expect(await place.muster('install', 'alpha@^1')).toMatchObject({ code: 1, stderr: expect.stringContaining('npm E404') });
  expect(await place.muster('install', 'alpha@^9')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no version like that'),
  });
  registry.spoil('alpha', null);
  expect(identities([await place.module('alpha')])).toEqual(identities([before]));
  expect(installedFolders('.staging')).toEqual([]);
});

test('19. a version that crashes at its start gives way to the one before, and the exit code is 4', async () => {
  registry.publish(alpha('1.3.0', { files: { 'index.js': crashes } }));
  const ran = await place.muster('install', ...out('alpha.json'), '--config', '{"level": 8}', 'alpha@^1');
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain('no such luck');
  expect(await place.module('alpha')).toMatchObject({ version: '1.1.0', state: 'R' });
  expect(JSON.parse(seen('alpha.json').env.alpha ?? '')).toMatchObject({ level: 7 });
  expect(installedFolders('alpha')).toHaveLength(1);
});

test('20. a registry that cannot be reached fails with the reason of npm, and nothing else is touched', async () => {
  const before = await place.list();
  await registry.close();
  const ran = await place.muster('install', 'beta');
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toMatch(/npm cannot install beta: the registry cannot be reached: .*ECONNREFUSED.*\(EHOSTUNREACH\)/);
  expect(installedFolders('beta')).toEqual([]);
  expect(identities(await place.list())).toEqual(identities(before));
});

test('18 and 21. what is installed runs again after a restart of the daemon, without a registry', async () => {
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  await place.up();
  expect(await place.module('alpha')).toMatchObject({ version: '1.1.0', state: 'R', origin: 'manual' });
  expect(JSON.parse(seen('alpha.json').env.alpha ?? '')).toMatchObject({ level: 7 });
});

test('31. one whose package.json is damaged is shown with the reason after a restart, and all others run', async () => {
  await place.muster('load', '--package', join(place.dir, 'in/folder'), ...out('folder.json'), 'other');
  const { path } = await place.module('alpha');
  await place.muster('down');
  writeFileSync(join(path, '../package.json'), '{"name": "alp');
  const up = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect(up.code).toBe(6);
  expect(await place.module('alpha')).toMatchObject({ state: 'E', failed: true });
  expect((await place.module('alpha')).status.message).toMatch(/package\.json is damaged/);
  expect((await place.list()).filter(({ name }) => name !== 'alpha')).toEqual([
    expect.objectContaining({ name: 'beat', state: 'R' }),
    expect.objectContaining({ name: 'other', state: 'R' }),
  ]);
});

test('25. an uninstalled one is gone, its folder untouched; a second time it is not there', async () => {
  const folder = join(place.dir, 'in/folder');
  const files = readdirSync(folder);
  expect(await place.musterWith({ cwd: folder }, 'uninstall', '.')).toMatchObject({ code: 0 });
  expect(await place.muster('uninstall', 'alpha')).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['beat']);
  expect(readdirSync(folder)).toEqual(files);
  expect(installedFolders('alpha')).toEqual([]);
  expect(await place.muster('uninstall', 'alpha')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
  expect(await place.muster('uninstall', 'beat')).toMatchObject({ code: 1, stderr: expect.stringContaining('muster remove beat') });
});
