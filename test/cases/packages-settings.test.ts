import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tells, writeArchive, writePackage } from '../support/packages.ts';
import { createPlace, json, type Place, type Ran } from '../support/place.ts';

// What `set` says over the config, of packages and of modules with code. One after the other, in one place.
let place: Place;

interface Seen {
  env: Record<string, string>;
  pid: number;
}
const seen = (name: string): Seen => JSON.parse(readFileSync(join(place.dir, `${name}.json`), 'utf8')) as Seen;
const configOf = (name: string, packageName = name): unknown => JSON.parse(seen(name).env[packageName] ?? 'null');
const request = async (topic: string): Promise<unknown> => JSON.parse((await place.muster('request', topic)).stdout);
const pids = async (): Promise<Record<string, number | null>> =>
  Object.fromEntries((await place.list()).map(({ name, pid }) => [name, pid]));

/** What it has as a password it tells only by its digest: muster masks it in what it shows. */
const live = `import { createHash } from 'node:crypto';
export async function main(ctx) {
  let changes = 0;
  ctx.onReconfigure(() => { changes += 1; });
  const digest = () => createHash('sha256').update(String(ctx.config.db?.password)).digest('hex');
  ctx.handle('config', () => ({ config: ctx.config, changes, digest: digest() }));
  await ctx.run();
}
`;
const config = (live = 'live: {module: ./live.mjs, config: {level: 1, db: {host: here}}}') => `version: 1
modules:
  declared: {package: ./declared, config: {alpha: 7}, env: {OUT: "${place.dir}", SEEN: declared.json}}
  ${live}
  os: {command: [sleep, "1000"]}
`;

beforeAll(async () => {
  place = await createPlace();
  const ready = { files: { 'index.js': tells } };
  writePackage(join(place.dir, 'declared'), {
    manifest: { name: 'declared', version: '1.0.0', main: 'index.js', config: { alpha: 1, beta: 2, nested: { a: 1, b: 2 } } },
    ...ready,
  });
  writeArchive(join(place.dir, 'byhand.tgz'), { manifest: { name: 'byhand', version: '1.0.0', main: 'index.js', config: { every: 5 } } });
  await place.write('live.mjs', live);
  await place.write('muster.yaml', config());
  await place.up();
  const installed = await place.muster('install', '--env', `OUT=${place.dir}`, '--env', 'SEEN=byhand.json', './byhand.tgz');
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

/** It went well, says so in its last line, and has nothing to add. */
const done = (ran: Ran): void =>
  expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^(?:No changes\.|Applied: ).*\n$/m), stderr: '' });

test('13. a value that a module has already restarts nothing; a new one restarts it once, and is wherever it is delivered', async () => {
  const before = await pids();
  done(await place.muster('set', 'declared:beta', '2'));
  done(await place.muster('set', 'declared:alpha', '7'));
  expect(await pids()).toEqual(before);
  done(await place.muster('set', 'declared:beta', '20'));
  const after = await pids();
  expect({ ...after, declared: 0 }).toEqual({ ...before, declared: 0 });
  expect(after.declared).not.toBe(before.declared);
  expect(await place.module('declared')).toMatchObject({ state: 'R', restarts: 0 });
  expect(seen('declared').pid).toBe(after.declared);
  expect(seen('declared').env.beta).toBe('20');
  expect(configOf('declared')).toEqual({ alpha: 7, beta: 20, nested: { a: 1, b: 2 } });
  done(await place.muster('set', 'declared:beta', '20'));
  expect(await pids()).toEqual(after);
});

test('13. a module that takes its config live is not started again', async () => {
  const { startedAt } = await place.module('live');
  done(await place.muster('set', 'live:db.port', '5432'));
  expect(await request('live.config')).toMatchObject({ config: { level: 1, db: { host: 'here', port: 5432 } }, changes: 1 });
  done(await place.muster('set', 'live:db.port', '5432'));
  expect(await request('live.config')).toMatchObject({ changes: 1 });
  expect((await place.module('live')).startedAt).toBe(startedAt);
});

test('15. get prints the value in effect, and says in JSON who says it', async () => {
  const of = async (key: string) => json(await place.muster('get', `declared:${key}`, '--json'));
  expect(await of('alpha')).toMatchObject({ value: 7, from: 'config' });
  expect(await of('beta')).toMatchObject({ value: 20, from: 'settings', set: ['beta'] });
  expect(await of('nested.b')).toMatchObject({ value: 2, from: 'defaults' });
  expect((await place.muster('get', 'declared:nested')).stdout).toBe('{"a":1,"b":2}\n');
  expect((await place.muster('get', 'live:db.host')).stdout).toBe('here\n');
  expect(json(await place.muster('get', 'declared'))).toEqual({ alpha: 7, beta: 20, nested: { a: 1, b: 2 } });
  expect(await place.muster('get', 'declared:none')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/ENOENT.*\n.*alpha/),
  });
  expect((await place.muster('info', 'declared')).stdout).toMatch(/settings.*beta.*20/s);
});

test('what was set outlives a reload of the config and a crash of the daemon, and is no drift', async () => {
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
  expect(await place.muster('drift')).toMatchObject({ code: 0 });
  await place.kill();
  await place.up();
  expect(configOf('declared')).toMatchObject({ beta: 20 });
  expect(await request('live.config')).toMatchObject({ config: { db: { port: 5432 } } });
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
});

test('14. unset brings back what the package says at once, or no such key', async () => {
  done(await place.muster('set', 'declared:extra', 'yes'));
  expect(configOf('declared')).toMatchObject({ beta: 20, extra: 'yes' });
  done(await place.muster('unset', 'declared:beta'));
  done(await place.muster('unset', 'declared:extra'));
  expect(configOf('declared')).toEqual({ alpha: 7, beta: 2, nested: { a: 1, b: 2 } });
  expect(seen('declared').env.extra).toBeUndefined();
  expect(json(await place.muster('get', 'declared:beta', '--json'))).toMatchObject({ value: 2, from: 'defaults', set: [] });
  const before = await pids();
  done(await place.muster('unset', 'declared:beta'));
  expect(await pids()).toEqual(before);
});

test('16. an unknown module is ENOENT and a command has no config; nothing is written', async () => {
  const journal = () => readFileSync(join(place.stateDir, 'journal'), 'utf8');
  const before = journal();
  expect(await place.muster('set', 'nobody:a', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
  expect(await place.muster('get', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
  expect(await place.muster('set', 'os:a', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining('is a command') });
  for (const key of ['live', 'live:', ':a', 'live:a..b', 'live:__proto__.x']) {
    expect(await place.muster('set', key, '1'), key).toMatchObject({ code: 1, stderr: expect.stringContaining('(EINVAL)') });
  }
  expect(journal()).toBe(before);
});

test('50 sets at a time keep all 50 values, and restart what cannot take them live for all of them, not for each', async () => {
  const keys = Array.from({ length: 50 }, (_, at) => `k${at}`);
  const starts = async (): Promise<number> =>
    (await place.muster('events', '--json')).stdout.split('\n').filter((line) => /"name":"declared"/.test(line) && /"to":"I"/.test(line))
      .length;
  const before = await starts();
  const all = await Promise.all(keys.map((key, at) => place.muster('set', `declared:many.${key}`, String(at))));
  for (const ran of all) done(ran);
  const many = Object.fromEntries(keys.map((key, at) => [key, at]));
  expect(configOf('declared')).toMatchObject({ many });
  expect((await starts()) - before).toBeGreaterThan(0);
  // The first goes at once, most others while it is under way.
  expect((await starts()) - before).toBeLessThanOrEqual(10);
  await place.kill();
  await place.up();
  expect(configOf('declared')).toMatchObject({ many });
  done(await place.muster('unset', 'declared:many'));
});

test('a key that the config declares is refused, and with --override set until the next reconcile', async () => {
  const refused = await place.muster('set', 'declared:alpha', '8');
  expect(refused).toMatchObject({ code: 8, stderr: expect.stringMatching(/muster\.yaml:3.*--override/s) });
  expect(await place.muster('set', 'live:db', '{"host": "there"}')).toMatchObject({ code: 8 });
  done(await place.muster('set', '--override', 'live:level', '2'));
  expect(await request('live.config')).toMatchObject({ config: { level: 2 } });
  expect(await place.muster('get', 'live:level')).toMatchObject({ stdout: '2\n' });
  expect(await place.muster('drift')).toMatchObject({ code: 2, stdout: expect.stringContaining('settings.level') });
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'live', action: 'reconfigure', status: 'ok' }]);
  expect(await request('live.config')).toMatchObject({ config: { level: 1, db: { port: 5432 } } });
});

test('what a module does not run with is taken back', async () => {
  const dies = 'if (process.env.break === "true") process.exit(3);\n';
  writePackage(join(place.dir, 'fragile'), {
    manifest: { name: 'fragile', version: '1.0.0', main: 'index.js' },
    files: { 'index.js': `${dies}${tells}` },
  });
  done(await place.muster('install', '--env', `OUT=${place.dir}`, '--env', 'SEEN=fragile.json', './fragile'));
  expect(await place.muster('set', 'fragile:break', 'true')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('exited with code 3'),
  });
  expect(await place.module('fragile')).toMatchObject({ state: 'R' });
  expect(await place.muster('get', 'fragile:break')).toMatchObject({ code: 1 });
  done(await place.muster('set', 'fragile:break', 'false'));
  expect(configOf('fragile')).toEqual({ break: false });
});

test('what looks secret reaches the module, and nothing else', async () => {
  const secret = `pa$$word $\{HOME} of the test`;
  done(await place.musterWith({ stdin: `${secret}\n` }, 'set', 'live:db.password', '-'));
  expect(await request('live.config')).toMatchObject({ digest: createHash('sha256').update(secret).digest('hex') });
  expect(await place.muster('get', 'live:db.password')).toMatchObject({ stdout: '(secret)\n' });
  done(await place.muster('set', 'byhand:apiToken', secret));
  expect(seen('byhand').env.apiToken).toBe(secret);
  const { pid } = await place.module('byhand');
  done(await place.muster('set', 'byhand:apiToken', secret));
  expect((await place.module('byhand')).pid).toBe(pid);
  const shown = await Promise.all(
    [
      ['get', 'live'],
      ['info', 'live', '--json'],
      ['info', 'byhand'],
      ['drift', '--json'],
      ['events', '--json'],
      ['list', '--json'],
    ].map((args) => place.muster(...args)),
  );
  for (const { stdout, stderr } of shown) expect(`${stdout}${stderr}`).not.toContain('of the test');
  expect(readFileSync(join(place.stateDir, 'journal'), 'utf8')).not.toContain('of the test');
  await place.kill();
  await place.up();
  expect(seen('byhand').env.apiToken).toBe(secret);
});

test('settings follow a module to its new name', async () => {
  await place.write('muster.yaml', config('alive: {module: ./live.mjs, renamedFrom: live, config: {level: 1, db: {host: here}}}'));
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'alive', action: 'rename', status: 'ok' }]);
  expect(await request('alive.config')).toMatchObject({ config: { db: { port: 5432 } } });
  expect(json(await place.muster('get', 'alive:db.port', '--json'))).toMatchObject({ value: 5432, from: 'settings' });
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
});

test('what the config declares since then holds, and is set by hand no more', async () => {
  done(await place.muster('set', 'alive:db.user', '12345678901234567890'));
  await place.write('muster.yaml', config('alive: {module: ./live.mjs, config: {level: 1, db: {host: here, port: 6000}}}'));
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'alive', action: 'reconfigure', status: 'ok' }]);
  expect(await request('alive.config')).toMatchObject({ config: { db: { host: 'here', port: 6000, user: '12345678901234567890' } } });
  expect(json(await place.muster('get', 'alive:db.port', '--json'))).toMatchObject({ value: 6000, from: 'config' });
  expect((await place.reload()).result).toMatchObject({ outcome: 'noChanges' });
});

test('17. another version has the new keys of its package and keeps what was set', async () => {
  done(await place.muster('set', 'byhand:every', '9'));
  writeArchive(join(place.dir, 'byhand.tgz'), {
    manifest: { name: 'byhand', version: '2.0.0', main: 'index.js', config: { every: 6, more: true } },
  });
  const ran = await place.muster('install', '--env', `OUT=${place.dir}`, '--env', 'SEEN=byhand.json', './byhand.tgz');
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(await place.module('byhand')).toMatchObject({ version: '2.0.0', state: 'R' });
  expect(configOf('byhand')).toMatchObject({ every: 9, more: true });
});

test('uninstall keeps what was set for the next time; with --purge it is gone', async () => {
  done(await place.muster('uninstall', 'byhand'));
  const home = join(place.stateDir, 'pm2/byhand');
  expect(existsSync(home)).toBe(true);
  expect(json(await place.muster('get', 'byhand'))).toMatchObject({ every: 9 });
  const install = ['install', '--env', `OUT=${place.dir}`, '--env', 'SEEN=byhand.json', './byhand.tgz'];
  expect(await place.muster(...install)).toMatchObject({ code: 0 });
  expect(configOf('byhand')).toMatchObject({ every: 9, more: true });
  done(await place.muster('uninstall', '--purge', 'byhand'));
  expect(existsSync(home)).toBe(false);
  expect(await place.muster('get', 'byhand')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ENOENT)') });
  expect(existsSync(join(place.dir, 'byhand.tgz'))).toBe(true);
});
