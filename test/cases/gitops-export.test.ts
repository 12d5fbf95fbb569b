import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import type { StateDoc } from '../../src/model/state-doc.ts';
import { planFiles } from '../../src/offline/main.ts';
import { documentChecksum } from '../../src/plan/checksum.ts';
import { createPlace, json, type Place } from '../support/place.ts';

const main = 'version: 1\npolicy: {watch: off, maxRemovals: 3}\ninclude: [conf.d/*.yaml]\nmodules:\n';
const config = `${main}  code: {module: ./code.mjs, config: {ttl: 30, password: "\${PASS}-x"}}
  web: {command: [sleep, "1001"], env: {TOKEN: {secret: "file:./token"}}, files: [./web.conf]}
  leaks: {command: [sh, -c, "sleep 1002"], args: ["--token=\${PASS}"]}
  gone: {command: [sleep, "1003"]}
  kept: {command: [sleep, "1004"]}
  pinned: {command: [sleep, "1008"], files: [./token]}
`;
const edited = `${main}  code: {module: ./code.mjs, config: {ttl: 60, password: "\${PASS}-x"}}
  web: {command: [sleep, "1001"], env: {TOKEN: {secret: "file:./token"}}, files: [./web.conf]}
  leaks: {command: [sh, -c, "sleep 1002"], args: ["--token=\${PASS}"]}
  kept: {command: [sleep, "1005"]}
  next: {module: ./code.mjs, requires: [web]}
  pinned: {command: [sleep, "1008"], files: [./token]}
`;
const [token, pass, set] = ['correct-horse-battery', 'staple-of-secrets', 'by-hand-and-hidden'];

let place: Place;
/** A checkout of the same config somewhere else, on a machine without the daemon and its secrets. */
let checkout: Place;

beforeAll(async () => {
  [place, checkout] = [await createPlace(config), await createPlace(edited)];
  for (const each of [place, checkout]) {
    await each.write('code.mjs', 'export async function main(ctx) { ctx.onReconfigure(() => {}); await ctx.run(); }\n');
    await each.write('web.conf', 'listen 80\n');
    await each.write('conf.d/more.yaml', 'modules:\n  more: {command: [sleep, "1006"], after: [web]}\n');
  }
  await place.write('token', `${token}\n`);
  expect(await place.musterWith({ env: { PASS: pass } }, 'up', '-d', '-c', 'muster.yaml')).toMatchObject({ code: 0 });
  expect(await place.muster('hold', 'kept', '--reason', `INC-77 ${pass}`)).toMatchObject({ code: 0 });
  expect(await place.muster('load', '--command', 'mine', 'sleep', '1007')).toMatchObject({ code: 0 });
  expect(await place.muster('set', 'code:api.token', set)).toMatchObject({ code: 0 });
  expect(await place.muster('export', '--out', join(checkout.dir, 'state.json'))).toEqual({ code: 0, stdout: '', stderr: '' });
});
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const exported = async (): Promise<StateDoc> => JSON.parse(await readFile(join(checkout.dir, 'state.json'), 'utf8'));
const against = (...args: string[]) =>
  checkout.musterWith({ env: { PASS: 'of-the-pipeline' } }, 'reconcile', '--dry-run', '--from', 'muster.yaml', '--against', ...args);

test('export prints the state as JSON, or writes it for its owner alone', async () => {
  const ran = await place.muster('export');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const { exportedAt, checksum, ...state } = json(ran) as StateDoc;
  const { exportedAt: at, checksum: other, ...written } = await exported();
  expect(written).toEqual(state);
  expect(state).toMatchObject({ kind: 'State', formatVersion: '1.0', target: { daemonId: (await place.status()).daemonId } });
  expect(state.modules.map(({ name }) => name)).toEqual(['code', 'gone', 'kept', 'leaks', 'mine', 'more', 'pinned', 'web']);
  expect((await stat(join(checkout.dir, 'state.json'))).mode & 0o777).toBe(0o600);
  expect(await checkout.muster('export')).toMatchObject({ code: 3 });
});

test('nothing secret is in it: no value in any form, no fingerprint, nothing sealed', async () => {
  const text = await readFile(join(checkout.dir, 'state.json'), 'utf8');
  for (const value of [token, pass, set]) {
    for (const form of [value, Buffer.from(value).toString('base64').slice(0, -4), Buffer.from(value).toString('hex')])
      expect(text).not.toContain(form);
  }
  expect(text).not.toMatch(/fingerprint|sealed:|specDigest/);
  const files = await Promise.all(
    (await readdir(place.stateDir))
      .filter((file) => /journal|snapshot/.test(file))
      .map((file) => readFile(join(place.stateDir, file), 'utf8')),
  );
  const prints = files.join('').matchAll(/"fingerprint":"(\w+)"/g);
  const known = [...new Set([...prints].map(([, print = '']) => print))];
  expect(known.length).toBeGreaterThanOrEqual(3);
  for (const print of known) expect(text).not.toContain(print);
  const { modules, holds } = await exported();
  expect(modules.find(({ name }) => name === 'web')?.spec).toMatchObject({
    env: { TOKEN: { secret: `file:${join(place.dir, 'token')}` } },
  });
  // A digest of a file with a secret could be found again by trying.
  expect(modules.find(({ name }) => name === 'pinned')).toMatchObject({ codeDigest: null, withheld: true });
  expect(modules.find(({ name }) => name === 'leaks')).toMatchObject({ spec: { args: ['--token=***'] }, masked: true });
  expect(holds).toMatchObject([{ name: 'kept', reason: 'INC-77 ***', until: null }]);
});

test('a plan of a checkout elsewhere is the plan of the daemon, and says what it could not compare', async () => {
  await place.write('muster.yaml', edited);
  const there = (await place.dryRun()).plan;
  await place.write('muster.yaml', config);
  const ran = await against('state.json', '-o', 'json');
  expect(ran.code, ran.stderr).toBe(0);
  const here = json(ran) as Plan;
  const { id, createdAt, checksum, diagnostics, ...said } = here;
  const { id: _, createdAt: __, checksum: ___, diagnostics: none, ...daemons } = there;
  expect(said).toEqual(daemons);
  expect(here.changes.map(({ action, name }) => `${action} ${name}`).sort()).toEqual(['load next', 'reconfigure code', 'remove gone']);
  expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning secretsNotCompared', 'warning codeNotCompared']);
  expect(diagnostics[1]?.message).toMatch(/: pinned$/);
  expect(diagnostics[0]?.message).toMatch(/: code config\.password, code settings\.api\.token, web env\.TOKEN$/);
  expect(ran.stdout + ran.stderr).not.toContain('of-the-pipeline');
  const text = await against('state.json');
  expect(text.stdout).toMatch(/^muster\.yaml -> \S+, generation 2\n/);
  expect(text.stdout).toMatch(/= kept +command +held +INC-77 \*\*\*; would reload/);
});

test('diff takes it in place of a config, and options of a run count', async () => {
  expect(await checkout.musterWith({ env: { PASS: pass } }, 'diff', 'state.json', 'muster.yaml')).toMatchObject({ code: 2 });
  expect(json(await against('state.json', '-o', 'json', '--only', 'next'))).toMatchObject({
    summary: { load: 1, remove: 0 },
    complete: false,
  });
  expect(await against('state.json', '--max-removals', '0')).toMatchObject({ code: 8 });
  expect(await against('state.json', '--detailed-exitcode')).toMatchObject({ code: 2 });
});

test('code that differs is a reload, and code that is missing an error', async () => {
  const other = join(checkout.dir, 'other');
  await mkdir(join(other, 'conf.d'), { recursive: true });
  await cp(join(checkout.dir, 'conf.d/more.yaml'), join(other, 'conf.d/more.yaml'));
  await checkout.write('other/web.conf', 'listen 81\n');
  await checkout.write('other/muster.yaml', config);
  const at = { cwd: other, env: { PASS: pass } };
  const args = ['reconcile', '--dry-run', '--from', 'muster.yaml', '--against', '../state.json', '-o', 'json'];
  const missing = await checkout.musterWith(at, ...args);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining(`no module at ${join(other, 'code.mjs')}`) });
  await checkout.write('other/code.mjs', 'export const main = (ctx) => ctx.run(); // other\n');
  const { changes } = json(await checkout.musterWith(at, ...args)) as Plan;
  expect(changes.map(({ action, name, reason }) => `${action} ${name} ${reason.code}`).sort()).toEqual([
    'reload code codeChanged',
    'reload web codeChanged',
  ]);
});

test('what is no whole export is refused with what it is', async () => {
  const text = await readFile(join(checkout.dir, 'state.json'), 'utf8');
  const state = await exported();
  const withSum = ({ checksum, ...rest }: StateDoc | Record<string, unknown>) =>
    JSON.stringify({ ...rest, checksum: documentChecksum(rest) });
  const [first, ...others] = state.modules;
  const hostile = { ...state, modules: [{ ...first, spec: { ...first?.spec, requires: [{ name: {}, reload: 1 }] } }, ...others] };
  const strange = { ...state, modules: [{ ...first, name: '__proto__' }, ...others] };
  const at = { env: { PASS: pass }, cwd: checkout.dir, home: checkout.dir, uid: 1000 };
  for (const [written, says] of [
    [text.slice(0, -100), 'is not as it was exported: '],
    [text.replace('"sleep"', '"sleeq"'), 'is not as it was exported: its checksum is another'],
    [withSum({ ...state, formatVersion: '2.0' }), 'has formatVersion "2.0"; this muster reads 1.x'],
    [withSum({ ...state, formatVersion: '0.9' }), 'has formatVersion "0.9"; this muster reads 1.x'],
    [withSum({ kind: 'State' }), 'has no formatVersion; this muster reads 1.x'],
    [withSum({ kind: 'State', formatVersion: '1.0' }), 'is not as it was exported: '],
    [withSum(hostile), 'is not as it was exported: modules.0.spec.requires.0'],
    [withSum(strange), 'is not as it was exported: modules.0.name'],
    [(await place.muster('reconcile', '--dry-run', '-o', 'json')).stdout, 'is a Plan, and no exported state'],
    [(await place.muster('status', '--json')).stdout, 'the config is invalid'],
    ['', 'the config is invalid'],
    [`{"kind": "State", "formatVersion": "1.0", "x": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'its checksum is another'],
  ] as const) {
    const file = await checkout.write('bad.json', written);
    // As the command does, without a process for each.
    const read = planFiles({ base: [file], files: [join(checkout.dir, 'muster.yaml')] }, {}, at);
    await expect(read, says).rejects.toThrow(says);
  }
  await checkout.write('bad.json', text.slice(0, -100));
  expect(await against('bad.json')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/bad\.json is not as it was exported: .* \(EINVAL\)\n {2}make one with/),
  });
  expect(await against('none.json')).toMatchObject({ code: 1, stderr: expect.stringContaining('none.json') });
  // What a later version adds is passed over, and keys in another order are the same.
  await checkout.write('later.json', withSum({ ...Object.fromEntries(Object.entries(state).reverse()), formatVersion: '1.7', later: 1 }));
  expect(await against('later.json')).toMatchObject({ code: 0 });
  await checkout.write('flow.yaml', '{version: 1, modules: {web: {command: [sleep, "1"]}}}\n');
  expect(await against('flow.yaml')).toMatchObject({ stdout: expect.stringMatching(/-\/\+ web +command +reload/) });
});

test('where the config comes from a repository a checkout of it is planned as what stands there', async () => {
  await using host = await createPlace();
  const repo = join(host.dir, 'repo');
  const git = async (...args: string[]) =>
    promisify(execFile)('git', ['-C', repo, '-c', 'user.name=t', '-c', 'user.email=t@example.invalid', ...args]);
  const commit = async (ttl: number): Promise<void> => {
    await host.write('repo/lib/code.mjs', 'export async function main(ctx) { ctx.onReconfigure(() => {}); await ctx.run(); }\n');
    const modules = `  code: {module: ../lib/code.mjs, config: {ttl: ${ttl}}}\n  web: {command: [sleep, "1001"], files: [../lib/code.mjs]}\n`;
    await host.write('repo/hosts/web1.yaml', `version: 1\nmodules:\n${modules}${ttl === 30 ? '  gone: {command: [sleep, "1002"]}\n' : ''}`);
    await git('add', '.');
    await git('commit', '-q', '-m', `ttl ${ttl}`);
  };
  await host.write('repo/README', 'x\n');
  await promisify(execFile)('git', ['init', '-q', '-b', 'main', repo]);
  await commit(30);
  const source = `{git: {url: ${JSON.stringify(repo)}, ref: {branch: main}, path: hosts/web1.yaml, interval: 0}}`;
  await host.write('muster.yaml', `version: 1\nsource: ${source}\npolicy: {watch: off, maxRemovals: 3, prune: owned}\n`);
  await host.up();
  expect(await host.muster('export', '--out', 'state.json')).toMatchObject({ code: 0 });
  await commit(60);
  const ran = await host.muster('reconcile', '--dry-run', '--from', 'repo/hosts/web1.yaml', '--against', 'state.json', '-o', 'json');
  expect(ran.code, ran.stderr).toBe(0);
  const here = json(ran) as Plan;
  expect(here.diagnostics.map(({ code }) => code)).toEqual(['hostNotCompared']);
  const { result } = await host.reload();
  const shown = ({ changes }: Pick<Plan, 'changes'>) =>
    changes.map(({ name, action, reason, fields }) => ({ name, action, reason, fields }));
  expect(shown(here)).toEqual(shown(result));
  expect(
    shown(here)
      .map(({ name, action }) => `${action} ${name}`)
      .sort(),
  ).toEqual(['reconfigure code', 'remove gone']);
});
