import { readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Result, SavedPlan } from '../../src/model/plan.ts';
import { createPlace, json, type Place, type Ran } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

/** One daemon for all of them; each begins with these two, in files of their own. */
const main = 'version: 1\ninclude: [conf.d/*.yaml]\npolicy: {watch: off}\nmodules:\n';
const a = '  a: {command: [sleep, "1001"]}\n';
const secret = 'correct-horse-battery';

let place: Place;

beforeAll(async () => {
  place = await createPlace();
  await restore();
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

beforeEach(async () => {
  await restore();
  expect((await place.reload()).ran.code).toBe(0);
  await rm(join(place.dir, 'plan.json'), { force: true });
});

async function restore(): Promise<void> {
  await place.write('code.mjs', 'export const main = (ctx) => ctx.run();\n');
  await place.write('conf.d/code.yaml', 'modules:\n  code: ../code.mjs\n');
  await place.write('muster.yaml', main + a);
}

const save = async (...args: string[]): Promise<SavedPlan> => {
  const ran = await place.muster('reconcile', '--dry-run', '--out', 'plan.json', ...args);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return JSON.parse(await readFile(join(place.dir, 'plan.json'), 'utf8'));
};
const apply = async (...args: string[]): Promise<{ ran: Ran; result: Result }> => {
  const ran = await place.muster('reconcile', '--plan', 'plan.json', '-o', 'json', ...args);
  return { ran, result: json(ran) as Result };
};
/** Applies in vain: exit code 7, and everything is as it was. */
const refused = async (...args: string[]): Promise<string> => {
  const [list, { serial, generation, lastReconcile }] = [await place.list(), await place.status()];
  const ran = await place.muster('reconcile', '--plan', 'plan.json', ...args);
  expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: '' });
  expect(ran.stderr).toContain('(ESTALE)');
  expect(identities(await place.list())).toEqual(identities(list));
  expect(await place.status()).toMatchObject({ serial, generation, lastReconcile });
  return ran.stderr;
};
const names = async (): Promise<string[]> => (await place.list()).map(({ name }) => name);
const done = ({ changes }: Result): string[] => changes.map(({ action, name, status }) => `${action} ${name} ${status}`);

test('8. a saved plan is for its owner alone, and what is applied are its changes in its order', async () => {
  await place.write('muster.yaml', `${main}  b: {command: [sleep, "1002"], requires: [c]}\n  c: {command: [sleep, "1003"]}\n`);
  await writeFile(join(place.dir, 'plan.json'), 'before', { mode: 0o644 });
  const ran = await place.muster('reconcile', '--dry-run', '--out', 'plan.json');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(/\nsaved to plan\.json; apply it with: \S.* reconcile --plan plan\.json\n$/);
  expect((await stat(join(place.dir, 'plan.json'))).mode & 0o777).toBe(0o600);
  const plan = JSON.parse(await readFile(join(place.dir, 'plan.json'), 'utf8')) as SavedPlan;
  expect(plan).toMatchObject({ kind: 'Plan', formatVersion: '1.0', summary: { load: 2, remove: 1, unchanged: 1 } });
  expect(await names()).toEqual(['a', 'code']);

  const { ran: applied, result } = await apply('--detailed-exitcode', '--reason', 'reviewed');
  expect(applied.code).toBe(2);
  expect(result).toMatchObject({ kind: 'Result', planId: plan.id, outcome: 'applied' });
  expect(result.changes.map(({ status, durationMs, error, ...change }) => change)).toEqual(plan.changes);
  expect(done(result).sort()).toEqual(['load b ok', 'load c ok', 'remove a ok']);
  for (const { durationMs } of result.changes) expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(await names()).toEqual(['b', 'c', 'code']);
  expect(await place.status()).toMatchObject({ synced: true, generation: plan.target.generation + 1, serial: plan.target.serial + 1 });
});

test('8. --out alone applies nothing, and JSON on stdout is the plan alone', async () => {
  await place.write('muster.yaml', `${main + a}  b: {command: [sleep, "1002"]}\n`);
  const ran = await place.muster('reconcile', '--out', 'plan.json', '-o', 'json');
  expect(json(ran)).toMatchObject({ kind: 'Plan', summary: { load: 1 } });
  expect(json(ran)).not.toHaveProperty('saved');
  expect(ran.stderr).toMatch(/^saved to plan\.json; apply it with: /);
  expect(await names()).toEqual(['a', 'code']);
});

test('a plan that cannot be written is an error, and nothing but a file is replaced', async () => {
  await symlink('/dev/null', join(place.dir, 'null'));
  await symlink('plan.json', join(place.dir, 'link.json'));
  for (const [file, why] of [
    ['none/plan.json', '(ENOENT)'],
    ['conf.d', 'no regular file (EINVAL)'],
    ['null', 'no regular file (EINVAL)'],
  ] as const) {
    const ran = await place.muster('reconcile', '--dry-run', '--out', file);
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(`the plan cannot be saved to ${file}`) });
    expect(ran.stderr).toContain(why);
  }
  await writeFile(join(place.dir, 'plan.json'), '');
  expect(await place.muster('reconcile', '--dry-run', '--out', 'link.json')).toMatchObject({ code: 0 });
  expect(JSON.parse(await readFile(join(place.dir, 'plan.json'), 'utf8'))).toMatchObject({ kind: 'Plan', outcome: 'noChanges' });
  expect(await place.muster('reconcile', '--plan', 'link.json', '--detailed-exitcode')).toMatchObject({ code: 0 });
  expect((await readdir(place.dir)).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

test('9. after a load by hand a saved plan is stale: both serials and the load are named', async () => {
  await place.write('muster.yaml', `${main + a}  b: {command: [sleep, "1002"]}\n`);
  const { target } = await save();
  expect(await place.muster('load', '--command', 'x', 'sleep', '1004')).toMatchObject({ code: 0 });
  const said = await refused();
  expect(said).toContain(`made at serial ${target.serial}, and the daemon is at serial ${target.serial + 1}`);
  expect(said).toMatch(/since then: load x by load at \d{4}-/);
  await place.kill();
  await place.write('muster.yaml', main + a);
  await place.up();
  expect(await refused()).toContain('load x by load');
  expect(await place.muster('remove', 'x')).toMatchObject({ code: 0 });
});

test('10. runs without changes, and crashes, do not make a saved plan stale', async () => {
  await place.write('muster.yaml', `${main}  a: {command: [sleep, "1005"]}\n`);
  await save();
  await place.write('muster.yaml', main + a);
  expect(await place.muster('reconcile')).toMatchObject({ code: 0 });
  const { pid } = await place.module('a');
  process.kill(pid ?? 0, 'SIGKILL');
  const { result } = await apply();
  expect(done(result)).toEqual(['reload a ok']);
  expect(result.diagnostics.map(({ code }) => code)).toEqual(['configChanged']);
});

test('11. a plan of another daemon is refused, and so is one that was edited or damaged', async () => {
  await using other = await createPlace('version: 1\nmodules:\n  z: {command: [sleep, "1006"]}\n');
  await other.up();
  expect(await other.muster('reconcile', '--dry-run', '--out', join(place.dir, 'plan.json'))).toMatchObject({ code: 0 });
  expect(await refused()).toContain('for another daemon');

  await place.write('muster.yaml', `${main}  b: {command: [sleep, "1002"]}\n`);
  const plan = await save();
  for (const edited of [
    { ...plan, changes: [] },
    { ...plan, target: { ...plan.target, serial: plan.target.serial + 1 } },
    { ...plan, target: { ...plan.target, daemonId: undefined } },
    { ...plan, saved: `A${plan.saved.slice(1)}A` },
    { ...plan, saved: '' },
  ]) {
    await place.write('plan.json', JSON.stringify(edited));
    expect(await refused()).toContain('edited or damaged');
  }
  // Who reads it sees what was edited, and a parser takes the last.
  await place.write('plan.json', JSON.stringify(plan).replace('"summary":{', '"summary":{"remo\\u0076e":0,'));
  expect(await refused()).toContain('an object in it has "remove" more than once');
  await place.write('plan.json', JSON.stringify(plan).slice(0, -100));
  expect(await refused()).toContain('plan.json is no saved plan, or was damaged');
  await place.write('plan.json', JSON.stringify({ ...plan, saved: undefined }));
  expect(await place.muster('reconcile', '--plan', 'plan.json')).toMatchObject({ code: 1 });
  expect(await place.muster('reconcile', '--plan', 'no.json')).toMatchObject({ code: 1 });

  const { saved, ...rest } = plan;
  await place.write('plan.json', JSON.stringify({ saved, ...rest }, null, 7));
  expect(done((await apply()).result).sort()).toEqual(['load b ok', 'remove a ok']);
});

test('12. what was edited after the plan does not matter to it, files that come and go neither', async () => {
  await place.write('conf.d/more.yaml', 'modules:\n  more: {command: [sleep, "1007"]}\n');
  await save();
  await place.write('muster.yaml', `${main + a}  late: {command: [sleep, "1008"]}\n`);
  await rm(join(place.dir, 'conf.d/more.yaml'));
  await place.write('conf.d/other.yaml', 'modules:\n  other: {command: [sleep, "1009"]}\n');
  expect(await refused('--require-current-config')).toContain('the config has changed since the plan was made');

  const { ran, result } = await apply();
  expect(done(result)).toEqual(['load more ok']);
  expect(ran.stderr).toContain('the config has changed since the plan was made');
  expect(await names()).toEqual(['a', 'code', 'more']);
  expect(await place.status()).toMatchObject({ synced: false });

  await rm(join(place.dir, 'conf.d/other.yaml'));
  await place.write('muster.yaml', main + a);
  await save();
  await place.write('muster.yaml', `${main}  a: [broken\n`);
  const { ran: broken, result: removed } = await apply();
  expect(broken.stderr).toContain('has errors now');
  expect(done(removed)).toEqual(['remove more ok']);
});

test('a plan whose code has changed is refused, and code that it has nothing to do with is left alone', async () => {
  await place.write('new.mjs', 'export const main = (ctx) => ctx.run();\n');
  await place.write('muster.yaml', `${main + a}  new: ./new.mjs\n`);
  await save();
  await place.write('new.mjs', 'export const main = (ctx) => ctx.run(); // another\n');
  expect(await refused()).toContain('the code of new changed');
  await rm(join(place.dir, 'new.mjs'));
  expect(await refused()).toContain('new.mjs');

  await place.write('new.mjs', 'export const main = (ctx) => ctx.run();\n');
  await place.write('code.mjs', 'export const main = (ctx) => ctx.run(); // another\n');
  const before = await place.module('code');
  expect(done((await apply()).result)).toEqual(['load new ok']);
  expect(identities([await place.module('code')])).toEqual(identities([before]));
});

test('a plan is refused whose module is held by now, and one that is refused by policy is not saved', async () => {
  await place.write('muster.yaml', `${main}  a: {command: [sleep, "1010"]}\n`);
  await save();
  await place.muster('hold', 'a', '--reason', 'INC-77');
  expect(await refused()).toContain('a is held: INC-77');
  await place.muster('release', 'a');
  expect(await place.muster('reconcile', '--plan', 'plan.json', '--dry-run')).toMatchObject({ code: 0 });

  await rm(join(place.dir, 'plan.json'));
  await rm(join(place.dir, 'conf.d/code.yaml'));
  await place.write('muster.yaml', 'version: 1\nmodules: {}\n');
  const ran = await place.muster('reconcile', '--dry-run', '--out', 'plan.json');
  expect(ran.code).toBe(8);
  expect(ran.stderr).toContain('Not saved to plan.json');
  await expect(stat(join(place.dir, 'plan.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('no secret is in a saved plan, and one that changed since is not used unseen', async () => {
  await place.write('token', `${secret}-1\n`);
  const env = `env: {TOKEN: {secret: "file:./token"}, API_KEY: "\${NOT_SET:-${secret}-2}"}`;
  await place.write('muster.yaml', `${main}  a: {command: [sleep, "1001"], arg0: "of-${secret}-1", ${env}}\n`);
  expect((await save()).changes[0]?.fields).toContainEqual({ path: 'arg0', before: null, after: 'of-***', live: false });
  const text = await readFile(join(place.dir, 'plan.json'), 'utf8');
  expect(text).not.toContain(secret);
  expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 16));
  expect(Buffer.from((JSON.parse(text) as SavedPlan).saved, 'base64url').includes(secret)).toBe(false);
  await place.write('token', `${secret}-3\n`);
  const said = await refused();
  expect(said).toContain('a is not what was planned');
  expect(said).not.toContain(secret);
  await place.write('token', `${secret}-1\n`);
  expect(done((await apply()).result)).toEqual(['reload a ok']);
});

test('options that make a plan cannot be given again with it', async () => {
  await place.write('muster.yaml', `${main}  b: {command: [sleep, "1002"]}\n`);
  await save('--only', 'b');
  for (const more of [
    ['--only', 'a'],
    ['--override'],
    ['--max-removals', '3'],
    ['--from', 'muster.yaml'],
    ['--against', 'empty'],
    ['--out', 'x'],
  ]) {
    expect(await place.muster('reconcile', '--plan', 'plan.json', ...more), more.join(' ')).toMatchObject({ code: 1, stdout: '' });
  }
  expect(await place.muster('reconcile', '--require-current-config')).toMatchObject({ code: 1 });
  const { result } = await apply('--atomic', '--require-current-config');
  expect(done(result)).toEqual(['load b ok']);
  expect(result.complete).toBe(false);
});
