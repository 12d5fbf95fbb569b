import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GenerationDoc, HistoryDoc } from '../../src/model/generation.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import { tells, writeArchive } from '../support/packages.ts';
import { createPlace, json, type Place, type Ran, until } from '../support/place.ts';

/** One daemon for all of them; each begins with `a` and `code`, in files of their own. */
const main = 'version: 1\nmodules:\n';
const a = '  a: {command: [sleep, "1001"], stopTimeout: 1s}\n';
const code = '  code: ./code.mjs\n';
/** Says which one it is. */
const codeOf = (text: string): string =>
  `import { word } from './word.mjs';\nexport const main = (ctx) => { ctx.handle('say', () => word + '${text}'); return ctx.run(); };\n`;

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
});

async function restore(): Promise<void> {
  await place.write('word.mjs', `export const word = 'first ';\n`);
  await place.write('code.mjs', codeOf('code'));
  await place.write('muster.yaml', main + a + code);
}

const edit = (more: string): Promise<string> => place.write('muster.yaml', main + more);
const apply = async (more: string): Promise<Result> => {
  await edit(more);
  const { ran, result } = await place.reload();
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return result;
};
const history = async (): Promise<HistoryDoc> => json(await place.muster('history', '--json')) as HistoryDoc;
const shown = async (number: number): Promise<GenerationDoc> =>
  json(await place.muster('history', 'show', String(number), '--json')) as GenerationDoc;
const current = async (): Promise<number> => (await place.status()).generation;
const rollback = async (...args: string[]): Promise<{ ran: Ran; result: Result }> => {
  const ran = await place.muster('rollback', '-o', 'json', ...args);
  return { ran, result: json(ran) as Result };
};
const done = ({ changes }: Result | Plan): string[] => changes.map((change) => `${change.action} ${change.name}`).sort();

test('of a secret whose value is gone it is said that the module gets the one that is there', async () => {
  await place.write('token', 'before-the-rotation\n');
  const web = '  web: {command: [sh, -c, "echo $TOKEN; sleep 1000"], env: {TOKEN: {secret: "file:token"}}, stopTimeout: 1s}\n';
  await apply(a + web);
  const old = await current();
  await place.write('token', 'after-the-rotation\n');
  await apply(a + web);
  const rotated = await current();
  const output = async (): Promise<string> => {
    const { stdout } = await place.muster('logs', 'web', '--json', '-n', '1');
    return stdout;
  };
  // As long as the daemon knows it, the value is the old one.
  const back = await rollback(String(old));
  expect(back.ran).toMatchObject({ code: 0 });
  expect(back.result.diagnostics).toEqual([]);
  expect(await output()).toContain('***');
  await place.kill();
  await place.up();
  expect((await rollback(String(rotated))).result.diagnostics).toEqual([]);
  const gone = await rollback(String(old));
  expect(gone.result.diagnostics).toMatchObject([
    { severity: 'warning', code: 'secretChanged', message: expect.stringContaining('env.TOKEN of web') },
  ]);
  const files = await readdir(join(place.stateDir, 'generations'));
  const texts = await Promise.all(files.map((file) => readFile(join(place.stateDir, 'generations', file), 'utf8')));
  for (const text of [...texts, JSON.stringify(await history()), gone.ran.stdout, gone.ran.stderr])
    expect(text).not.toContain('-the-rotation');
});

test('the version of a package that was installed runs again, without what it was installed from', async () => {
  const archive = (version: string) =>
    writeArchive(join(place.dir, `x-${version}.tgz`), { manifest: { name: 'x', version, main: 'index.js' }, files: { 'index.js': tells } });
  const x = (version: string): string => `  x: {package: ./x-${version}.tgz, env: {OUT: "${place.dir}"}}\n`;
  archive('1.0.0');
  await apply(a + x('1.0.0'));
  const old = await current();
  const { path } = await place.module('x');
  archive('2.0.0');
  await apply(a + x('2.0.0'));
  await Promise.all(['1.0.0', '2.0.0'].map((version) => rm(join(place.dir, `x-${version}.tgz`))));
  const { ran, result } = await rollback();
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(result.changes).toMatchObject([{ name: 'x', action: 'reload', version: '1.0.0' }]);
  expect(await place.module('x')).toMatchObject({ state: 'R', version: '1.0.0', path });
  expect(JSON.parse(await readFile(join(place.dir, 'seen.json'), 'utf8'))).toMatchObject({ version: '1.0.0' });
  expect((await shown(old)).modules.find(({ name }) => name === 'x')).toMatchObject({ kind: 'package', version: '1.0.0' });
});

test('history show has who, when, why, files, the plan, what became of each change, and digests of code', async () => {
  await edit(`${a + code}  bad: {command: [/no/such/program]}\n  b: {command: ["false"], restart: {policy: never}, ready: {alive: 2s}}\n`);
  await edit(`${a + code}  b: {command: ["false"], restart: {policy: never}, ready: {alive: 2s}}\n`);
  expect(await place.muster('reconcile', '--reason', 'INC-5')).toMatchObject({ code: 4 });
  const number = await current();
  const doc = await shown(number);
  expect(doc).toMatchObject({ number, inForce: true, reason: 'INC-5', trigger: 'reconcile', healthyAt: null });
  expect(doc.run).toMatchObject({ outcome: 'failed', exitCode: 4, changes: [{ name: 'b', action: 'load', status: 'failed' }] });
  expect(doc.run?.durationMs).toBeGreaterThan(0);
  expect(doc.result?.changes).toMatchObject([{ name: 'b', status: 'failed', error: { message: expect.stringContaining('code 1') } }]);
  expect(doc.modules.map(({ name, kind }) => [name, kind])).toEqual([
    ['a', 'command'],
    ['b', 'command'],
    ['code', 'code'],
  ]);
  expect(doc.modules[2]?.codeDigest).toMatch(/^[0-9a-f]{64}$/);
  const { stdout } = await place.muster('history', 'show', String(number));
  for (const part of [
    'INC-5',
    join(place.dir, 'muster.yaml'),
    '+ b',
    'failed',
    'exit code 4',
    doc.modules[2]?.codeDigest?.slice(0, 12) ?? '?',
  ]) {
    expect(stdout).toContain(part);
  }
});

test('diff compares generations, and a generation with a file', async () => {
  const old = await current();
  await apply(`  a: {command: [sleep, "1007"], stopTimeout: 1s}\n${code}`);
  const ran = await place.muster('diff', `gen:${old}`, `gen:${old + 1}`);
  expect(ran).toMatchObject({ code: 2, stderr: '' });
  expect(ran.stdout).toContain('command[1] "1001" -> "1007"');
  expect(await place.muster('diff', `gen:${old}`, `gen:${old}`)).toMatchObject({ code: 0 });
  expect(await place.muster('diff', `gen:${old + 1}`, 'muster.yaml')).toMatchObject({ code: 0 });
  expect(await place.muster('diff', 'muster.yaml', `gen:${old}`)).toMatchObject({ code: 2 });
  expect(await place.muster('diff', `gen:${old}`, 'none.yaml')).toMatchObject({ code: 1, stdout: '' });
  const plan = json(await place.muster('diff', `gen:${old}`, `gen:${old + 1}`, '-o', 'json')) as Plan;
  expect(done(plan)).toEqual(['reload a']);
});

test('a generation is marked healthy once all that it declares is, and the list stays within a screen', async () => {
  const number = await current();
  await until(async () => (await history()).generations[0]?.healthyAt !== null, 'the generation is healthy');
  expect((await stat(join(place.stateDir, 'generations', `${number}.healthy`))).mode & 0o777).toBe(0o600);
  await edit(`${a + code}  sick: {command: ["false"], restart: {policy: never}, ready: {alive: 2s}}\n`);
  expect(await place.muster('reload', '--reason', 'a reason that is much longer than what a line of a list has room for')).toMatchObject({
    code: 4,
  });
  const { stdout } = await place.muster('history');
  const line = stdout.split('\n').find((each) => each.includes('sick')) ?? '';
  expect(line).toMatch(/^\* +?\d+ +\S+ +reload +failed +no +\+ sick \(failed\)/);
  for (const each of stdout.trim().split('\n')) expect(each.length).toBeLessThanOrEqual(80);
});
