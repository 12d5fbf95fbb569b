import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import { cli, createPlace, json, type Place, until } from '../support/place.ts';
import { startRunning } from '../support/running.ts';
import { identities } from '../support/untouched.ts';

const exec = promisify(execFile);
const esc = String.fromCharCode(27);
const main = 'version: 1\npolicy: {watch: off}\nmodules:\n';
const config = `${main}  keeps: {command: [sleep, "1001"]}
  code: {module: ./code.mjs, config: {ttl: 30}}
  web: {command: [sleep, "1002"], requires: [keeps], env: {TOKEN: {secret: "file:./token"}}}
  gone: {command: [sleep, "1003"]}
`;
/** One of each: a load, a reconfigure, a reload, a removal. */
const edited = `${main}  keeps: {command: [sleep, "1001"]}
  added: {command: [sleep, "1004"], after: [web]}
  code: {module: ./code.mjs, config: {ttl: 60}}
  web: {command: [sleep, "1005"], requires: [keeps], env: {TOKEN: {secret: "file:./token"}}}
`;
const secret = 'correct-horse-battery';

let place: Place;
beforeAll(async () => {
  place = await createPlace(config);
  await place.write('token', `${secret}\n`);
  await place.write('code.mjs', 'export async function main(ctx) { ctx.onReconfigure(() => {}); await ctx.run(); }\n');
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());
beforeEach(async () => {
  await place.write('muster.yaml', config);
  expect((await place.reload()).ran.code).toBe(0);
  await place.write('muster.yaml', edited);
});

/** A process of its own, as a script has it. */
const muster = (...args: string[]) => place.musterWith({ through: ['env'] }, ...args);
const plan = async (...args: string[]): Promise<Plan> => (await place.dryRun(...args)).plan;
const actions = ({ changes }: Plan | Result): string[] => changes.map(({ action, name }) => `${action} ${name}`).sort();

test('1. with -o json stdout alone is the plan', async () => {
  const { code, stdout, stderr } = await muster('reconcile', '--dry-run', '-o', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'Plan', formatVersion: '1.0', dryRun: true, outcome: 'changes' });
  expect(actions(JSON.parse(stdout))).toEqual(['load added', 'reconfigure code', 'reload web', 'remove gone']);
});

test('2. the same plan made twice differs in id and time alone', async () => {
  const [one, two] = [await plan(), await plan()];
  expect(two.id).not.toBe(one.id);
  expect({ ...two, id: one.id, createdAt: one.createdAt }).toEqual(one);
});

test('3, 37. text, JSON and markdown of a plan have the same counts, order and exit code; markdown one row per change', async () => {
  const document = await plan();
  const [text, markdown] = [await place.muster('reconcile', '--dry-run'), await place.muster('reconcile', '--dry-run', '-o', 'markdown')];
  expect([text.code, markdown.code]).toEqual([document.exitCode, document.exitCode]);
  const order = document.changes.map(({ name }) => name);
  expect([...text.stdout.matchAll(/^ {0,2}(?:\+|~|-\/\+|-) +(\S+)/gm)].map(([, name]) => name)).toEqual(order);
  expect([...markdown.stdout.matchAll(/^\| (?:load|re\w+) \| (\w+) \|/gm)].map(([, name]) => name)).toEqual(order);
  const summary = text.stdout.trimEnd().split('\n').at(-1) ?? '';
  expect(summary).toBe('Plan: 1 to load, 1 to reconfigure, 1 to reload, 1 to remove. 1 unchanged.');
  expect(document.summary).toMatchObject({ load: 1, reconfigure: 1, reload: 1, remove: 1, unchanged: 1 });
  expect(markdown.stdout.startsWith(`${summary}\n`)).toBe(true);
  expect(markdown.stdout.match(/^```/gm)).toHaveLength(2);
  const { daemonId } = await place.status();
  expect(markdown.stdout.trimEnd().split('\n').at(-1)).toBe(`<!-- muster:plan daemon=${daemonId} -->`);
  const detailed = await place.muster('reconcile', '--dry-run', '-o', 'markdown', '--detailed-exitcode');
  expect([detailed.code, (await place.dryRun('--detailed-exitcode')).plan.exitCode]).toEqual([2, 2]);
});

test('4. each change has a reason and a place, and what reloads or reconfigures a field', async () => {
  const { changes } = await plan();
  for (const { name, action, reason, source, fields } of changes) {
    expect([reason.code, reason.text], name).toEqual([expect.stringMatching(/^\w+$/), expect.stringMatching(/\w/)]);
    expect(source, name).toEqual({ file: join(place.dir, 'muster.yaml'), line: expect.any(Number), column: 3 });
    if (action === 'reload' || action === 'reconfigure') expect(fields.length, name).toBeGreaterThan(0);
  }
});

test('5. dry runs of reconcile, load and remove start nothing, run no code and write no file', async () => {
  await place.write(
    'marks.mjs',
    "import { writeFileSync } from 'node:fs';\nwriteFileSync('ran', '');\nexport const main = (ctx) => ctx.run();\n",
  );
  await place.write('muster.yaml', `${edited}  marks: ./marks.mjs\n`);
  const before = [identities(await place.list()), await readdir(place.dir), await place.processes(), (await place.status()).serial];
  for (const args of [
    ['reconcile', '--dry-run'],
    ['load', '--dry-run', 'marks'],
    ['remove', '--dry-run', 'web'],
  ]) {
    const ran = await place.muster(...args);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nPlan: \d to /) });
  }
  expect([identities(await place.list()), await readdir(place.dir), await place.processes(), (await place.status()).serial]).toEqual(
    before,
  );
});

test('6. the schema that is printed accepts the starter config, and so does validate; completion loads and offers names', async () => {
  await mkdir(join(place.dir, 'new'));
  const there = { cwd: join(place.dir, 'new') };
  expect((await place.musterWith(there, 'init')).code).toBe(0);
  const schema = z.fromJSONSchema(json(await place.muster('schema')) as never);
  expect(schema.safeParse(parse(await readFile(join(place.dir, 'new/muster.yaml'), 'utf8')))).toMatchObject({ success: true });
  expect(schema.safeParse({ version: 1, modulse: {} }).success).toBe(false);
  expect(await place.musterWith(there, 'validate')).toMatchObject({ code: 0 });
  await rm(join(place.dir, 'new'), { recursive: true });
  const script = `muster() { '${process.execPath}' '${cli}' "$@"; }\nsource <(muster completion bash)\nCOMP_WORDS=(muster remove '')\nCOMP_CWORD=2\n_muster\necho "\${COMPREPLY[@]}"`;
  const env = { ...process.env, MUSTER_STATE_DIR: place.stateDir };
  const { stdout, stderr } = await exec('bash', ['--norc', '-c', script], { env });
  expect(stderr).toBe('');
  expect(stdout.trim().split(' ').sort()).toEqual(['code', 'gone', 'keeps', 'web']);
});

test('7. a terminal alone gets colours, and with NO_COLOR not even that', async () => {
  const { NO_COLOR, FORCE_COLOR, ...base } = process.env;
  const env = { ...base, MUSTER_STATE_DIR: place.stateDir, TERM: 'xterm' };
  for (const args of ['reconcile --dry-run', 'status', 'list', 'validate', 'drift']) {
    const command = `'${process.execPath}' '${cli}' ${args}`;
    const piped = await exec('sh', ['-c', `${command} 2>&1`], { cwd: place.dir, env: { ...env, FORCE_COLOR: '1' } });
    expect(piped.stdout, args).not.toContain(esc);
  }
  const onTerminal = (more: object) =>
    exec('script', ['-qec', `'${process.execPath}' '${cli}' reconcile --dry-run`, '/dev/null'], {
      cwd: place.dir,
      env: { ...env, ...more },
    });
  expect((await onTerminal({})).stdout).toContain(esc);
  expect((await onTerminal({ NO_COLOR: '1' })).stdout).not.toContain(esc);
});

test('13. diff of two configs exits 0, 2 or 1, and has the plan on stdout', async () => {
  await using apart = await createPlace(config);
  await apart.write('token', secret);
  await apart.write('code.mjs', 'export const main = (ctx) => ctx.run();\n');
  await apart.write('same.yaml', `# the same\n${config}`);
  await apart.write('next.yaml', edited);
  await apart.write('bad.yaml', `${main}  x: {comand: [sleep]}\n`);
  expect(await apart.muster('diff', 'muster.yaml', 'same.yaml')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No changes\./) });
  const ran = await apart.muster('diff', 'muster.yaml', 'next.yaml');
  expect(ran).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/\nPlan: 1 to load, 1 to reconfigure, 1 to reload, 1 to remove\. 1 unchanged\.\n$/),
  });
  for (const file of ['missing.yaml', 'bad.yaml']) {
    expect(await apart.muster('diff', 'muster.yaml', file)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(file) });
  }
});

test('14. --only changes what matches, --skip leaves out what matches, and the plan says that it is not complete', async () => {
  const only = await place.dryRun('--only', '{code,add*}');
  const partial = await place.dryRun('--only', 'code');
  expect(only.plan.complete).toBe(false);
  expect(partial.plan).toMatchObject({ complete: false });
  expect(actions(partial.plan)).toEqual(['reconfigure code']);
  expect(partial.plan.diagnostics.map(({ severity }) => severity)).toContain('warning');
  expect(actions(await plan('--skip', 'w*'))).toEqual(['load added', 'reconfigure code', 'remove gone']);
  const ran = await place.muster('reconcile', '--only', 'code', '-o', 'json');
  expect(actions(json(ran) as Result)).toEqual(['reconfigure code']);
  expect(ran.stderr).toContain('warning');
  expect((await place.list()).map(({ name }) => name)).toEqual(['code', 'gone', 'keeps', 'web']);
});

test('-o ndjson prints what is under way as it happens, the result last, and exits as without it', async () => {
  const ran = await muster('reconcile', '-o', 'ndjson', '--detailed-exitcode');
  const lines = ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ kind: 'Result', outcome: 'applied', exitCode: 2 });
  expect(ran).toMatchObject({ code: 2, stderr: '' });
  const progress = lines.slice(0, -1);
  expect(progress.length).toBeGreaterThan(1);
  for (const each of progress) expect(each).toEqual({ kind: 'Progress', done: expect.any(Number), total: 4, running: expect.any(Array) });
  expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort());
  const again = await muster('reload', '-o', 'ndjson', '--detailed-exitcode');
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(again.stdout)).toMatchObject({ kind: 'Result', outcome: 'noChanges' });
});

test('-o ndjson is there for commands on single modules too, which say nothing else', async () => {
  for (const args of [
    ['remove', '-o', 'ndjson', 'gone'],
    ['load', '-o', 'ndjson', 'added'],
    ['restart', 'keeps', '-o', 'ndjson'],
  ]) {
    const ran = await place.muster(...args);
    const kinds = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect([ran.code, kinds.at(-1), new Set(kinds.slice(0, -1))], ran.stderr).toEqual([0, 'Result', new Set(['Progress'])]);
  }
  expect(await place.muster('remove', 'added')).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('warning') });
});

test('-o ndjson prints a step before the run is over', async () => {
  await place.write('muster.yaml', `${config}  slow: {command: [sleep, "1009"], ready: {file: ./go}}\n`);
  await using running = startRunning(place, 'reconcile', '-o', 'ndjson');
  await until(() => running.stdout().includes('"running":["slow"]'), 'it says what it waits for');
  expect(running.stdout()).not.toContain('"kind":"Result"');
  await place.write('go', '');
  await until(() => running.stdout().includes('"kind":"Result"'), 'the result is there');
  expect(JSON.parse(running.stdout().trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ outcome: 'applied', summary: { load: 1 } });
});

test('--max-bytes bounds the markdown, and goes with nothing else', async () => {
  await place.write(
    'muster.yaml',
    main + Array.from({ length: 150 }, (_, index) => `  n${index}: {command: [sleep, "${index}"]}\n`).join(''),
  );
  const { stdout } = await place.muster(
    'reconcile',
    '--dry-run',
    '--allow-empty',
    '--max-removals',
    '100%',
    '-o',
    'markdown',
    '--max-bytes',
    '8K',
  );
  expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(8192);
  expect(stdout).toMatch(/^Plan: 150 to load, 4 to remove\.\n/);
  const rows = stdout.split('\n').filter((line) => /^\| (?:load|remove)/.test(line)).length;
  expect(stdout).toContain(`_${154 - rows} more changes left out`);
  for (const args of [
    ['-o', 'json', '--max-bytes', '8K'],
    ['--max-bytes', '8K'],
    ['-o', 'markdown', '--max-bytes', '100'],
  ]) {
    const ran = await place.muster('reconcile', ...args);
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--max-bytes') });
  }
  expect((await place.list()).length).toBe(4);
});

test('validate tells its findings to GitHub and to GitLab, at paths of the repository', async () => {
  await place.write('repo/conf/a, b:100%.yaml', `${main}  x: {comand: [sleep]}\n  y: {command: [sleep, "1"], after: [nobody]}\n`);
  const file = 'conf/a, b:100%.yaml';
  const at = { cwd: join(place.dir, 'repo') };
  const { diagnostics } = json(await place.musterWith(at, 'validate', file, '-o', 'json')) as { diagnostics: Diagnostic[] };
  const github = await place.musterWith({ ...at, env: { GITHUB_WORKSPACE: join(place.dir, 'repo') } }, 'validate', file, '-o', 'github');
  expect(github).toMatchObject({ code: 1, stderr: '' });
  const lines = github.stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(diagnostics.length);
  expect(lines[0]).toMatch(/^::error file=conf\/a%2C b%3A100%25\.yaml,line=4,endLine=4,col=\d+,endColumn=\d+,title=\w+::/);
  const gitlab = await place.musterWith({ ...at, env: { CI_PROJECT_DIR: join(place.dir, 'repo') } }, 'validate', file, '-o', 'gitlab');
  expect(gitlab.code).toBe(1);
  const report = json(gitlab) as { location: unknown; severity: string; fingerprint: string }[];
  expect(report[0]).toMatchObject({ severity: 'critical', location: { path: file, lines: { begin: 4, end: 4 } } });
  expect(new Set(report.map(({ fingerprint }) => fingerprint)).size).toBe(diagnostics.length);
  expect(await place.muster('validate', '-o', 'github')).toMatchObject({ code: 0, stdout: 'muster.yaml: valid, 4 modules\n' });
  expect(json(await place.muster('validate', '-o', 'gitlab'))).toEqual([]);
});

test("without a daemon too a secret's value is shown nowhere, also where none is declared", async () => {
  await using apart = await createPlace();
  const said = (args: string) =>
    `${main}  x: {command: [sleep, "1"], args: ["${args}"]}\n  y: {module: ./y.mjs, config: {password: "\${PASS}"}}\n`;
  await apart.write('y.mjs', 'export const main = (ctx) => ctx.run();\n');
  await apart.write('a.yaml', said('--none'));
  await apart.write('b.yaml', said(`--token=$\{PASS}`));
  const against = ['reconcile', '--dry-run', '--from', 'b.yaml', '--against', 'a.yaml'];
  for (const args of [[...against], ['diff', 'a.yaml', 'b.yaml', '-o', 'json'], [...against, '-o', 'markdown']]) {
    const ran = await apart.musterWith({ env: { PASS: secret } }, ...args);
    expect(ran.stdout).toContain('--none');
    expect(ran.stdout).toContain('token');
    expect(ran.stdout + ran.stderr).not.toContain(secret);
  }
});
