import { execFileSync } from 'node:child_process';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditLine } from '../../src/model/audit.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { startRunning } from '../support/running.ts';

/** One daemon for most of them. */
let place: Place;
const secret = 'correct-horse-battery';

const config = (more = '') => `version: 1
policy: {watch: off}
modules:
  a: {command: [sleep, "1001"], env: {PASSWORD: {secret: "file:./password"}}}
  look: {module: ./look.mjs, control: read}
  act: {module: ./look.mjs, control: apply}
${more}`;
const module = `export async function main(ctx) {
  ctx.handle('ask', async ({ payload: [method, payload, times = 1] }) => {
    let last;
    for (let time = 0; time < times; time += 1) last = await ctx.request('muster.' + method, payload).catch(({ code }) => ({ code }));
    return last;
  });
  await ctx.run();
}
`;

const linesOf = async ({ stateDir }: Place): Promise<AuditLine[]> =>
  (await readFile(join(stateDir, 'audit.log'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine);
/** The lines that this makes. */
const during = async (work: () => Promise<unknown>): Promise<AuditLine[]> => {
  const before = (await linesOf(place)).length;
  await work();
  return (await linesOf(place)).slice(before);
};
const as = (by: string, ...args: string[]) => place.musterWith({ env: { MUSTER_BY: by } }, ...args);

beforeAll(async () => {
  place = await createPlace(config());
  await place.write('look.mjs', module);
  await place.write('password', secret);
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

test('the log is for its owner alone, and begins with what the daemon did by itself', async () => {
  expect((await stat(join(place.stateDir, 'audit.log'))).mode & 0o777).toBe(0o600);
  const [first] = await linesOf(place);
  expect(first).toMatchObject({
    seq: 1,
    by: null,
    method: null,
    trigger: 'start',
    outcome: 'applied',
    exitCode: 0,
    serial: 1,
    generation: 1,
  });
  expect(first?.changes).toEqual(['a', 'act', 'look'].map((name) => ({ name, action: 'load', status: 'ok' })));
});

test('each call that changes something is a line before it is answered: who, what, why, and what came of it', async () => {
  const lines = await during(async () => {
    expect((await as('alice', 'restart', 'a', '--reason', 'INC-1')).code).toBe(0);
    expect((await as('bob', 'load', '--command', 'x', '--reason', 'not mine', 'sleep', '1002')).code).not.toBe(0);
    expect((await as('bob', 'load', '--reason', 'try', '--command', 'x', 'sleep', '1002')).code).toBe(0);
    expect((await as('bob', 'hold', 'x', '--reason', 'freeze')).code).toBe(0);
    expect((await as('bob', 'release', 'x', '--reason', 'thaw')).code).toBe(0);
    expect((await as('carol', 'remove', 'x', '--reason', 'done')).code).toBe(0);
  });
  const told = lines.map(({ by, method, reason, outcome, exitCode }) => [by, method, reason, outcome, exitCode]);
  expect(told).toEqual([
    ['alice', 'restart', 'INC-1', 'applied', 0],
    ['bob', 'load', 'try', 'applied', 0],
    ['bob', 'hold', 'freeze', 'done', 0],
    ['bob', 'release', 'thaw', 'done', 0],
    ['carol', 'remove', 'done', 'applied', 0],
  ]);
  expect(lines[0]).toMatchObject({
    params: { names: ['a'] },
    changes: [{ name: 'a', action: 'reload', status: 'ok' }],
    planId: expect.any(String),
  });
  expect(lines.slice(2, 4).map(({ changes }) => changes)).toEqual(
    ['hold', 'release'].map((action) => [{ name: 'x', action, status: 'ok' }]),
  );
  for (const { peer } of lines) expect(peer).toEqual({ uid: process.getuid?.(), pid: process.pid });
  const seqs = lines.map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
});

test('who leaves before the answer is known all the same', async () => {
  const { seq = 0 } = (await linesOf(place)).at(-1) ?? {};
  const socket = connect(join(place.stateDir, 'muster.sock'));
  const request = { type: 'request', topic: 'muster.restart', id: 1, payload: { names: ['a'], by: 'gone' } };
  socket.write(`${JSON.stringify(request)}\n`, () => socket.destroy());
  await until(async () => ((await linesOf(place)).at(-1)?.seq ?? 0) > seq, 'the line is written');
  expect((await linesOf(place)).at(-1)).toMatchObject({
    by: 'gone',
    peer: { uid: process.getuid?.(), pid: process.pid },
    outcome: 'applied',
  });
});

test('what only looks, or changes nothing, is no line', async () => {
  const lines = await during(async () => {
    for (const args of [
      ['list'],
      ['status'],
      ['reload'],
      ['reconcile'],
      ['restart', 'a', '--dry-run'],
      ['drift'],
      ['debug', 'act'],
      ['release', '--all'],
      ['remove', '-f', 'nobody'],
    ])
      expect((await place.muster(...args)).code, args.join(' ')).toBe(0);
    expect((await place.muster('restart', 'nobody')).code).toBe(1);
    expect((await place.muster('get', 'act')).code).toBe(0);
  });
  expect(lines).toEqual([]);
});

test('what is refused is a line: by policy, for a stale plan, for want of rights', async () => {
  expect((await place.muster('reconcile', '--out', 'plan.json')).code).toBe(0);
  expect((await place.muster('hold', 'a', '--reason', 'INC-2')).code).toBe(0);
  expect((await place.muster('load', '--command', 'y', 'sleep', '1003')).code).toBe(0);
  const lines = await during(async () => {
    expect((await as('alice', 'restart', 'a')).code).toBe(8);
    expect((await as('alice', 'reconcile', '--plan', 'plan.json')).code).toBe(7);
    expect((await place.muster('request', 'look.ask', '["restart",{"names":["a"],"by":"root","reason":"please"}]')).code).toBe(0);
    await place.write('muster.yaml', 'version: 1\nmodules: {}\n');
    expect((await as('alice', 'reload')).code).toBe(8);
    await place.write('muster.yaml', config());
  });
  expect(lines.map(({ by, method, exitCode, outcome, error }) => [by, method, exitCode, outcome, error?.code ?? null])).toEqual([
    ['alice', 'restart', 8, 'refused', 'EREFUSED'],
    ['alice', 'reconcile', 7, 'refused', 'ESTALE'],
    ['module:look', 'restart', 1, 'refused', 'EPERM'],
    ['alice', 'reload', 8, 'refused', 'allowEmpty'],
  ]);
  expect((await place.muster('release', 'a')).code).toBe(0);
  expect((await place.muster('remove', 'y')).code).toBe(0);
});

test('a module is who it is, whatever it says; nobody else can say that he is one; one that asks over and over fills no log', async () => {
  const lines = await during(async () => {
    expect((await place.muster('request', 'act.ask', '["restart",{"names":["a"],"by":"root"}]')).code).toBe(0);
    expect(await as('module:act', 'restart', 'a')).toMatchObject({ code: 1, stderr: expect.stringContaining('EINVAL') });
    expect((await place.muster('request', 'look.ask', '["stop",{"names":["a"]},500]')).stdout).toContain('EPERM');
  });
  expect(lines.map(({ by, method, outcome }) => `${by} ${method} ${outcome}`)).toEqual([
    'module:act restart applied',
    'module:look stop refused',
  ]);
});

test('settings are a line where they change something, and no value of a secret is in any', async () => {
  const lines = await during(async () => {
    for (const value of ['1', '1', '2']) expect((await as('alice', 'set', 'act:level', value)).code).toBe(0);
    expect((await as('alice', 'set', 'act:db.password', 'hunter2hunter2')).code).toBe(0);
    const load = [
      '--name',
      'other',
      '--env',
      'API_TOKEN=hunter2hunter2',
      '--env',
      'B=1',
      '--config',
      '{"pass":"hunter2hunter2","token":{"of":["hunter2hunter2"]}}',
    ];
    expect((await as('alice', 'load', ...load, './look.mjs', secret)).code).toBe(0);
    expect((await as(`alice ${secret}`, 'restart', 'a', '--reason', `it is ${secret}`)).code).toBe(0);
  });
  expect(lines.map(({ method, params }) => [method, params])).toMatchObject([
    ['set', { name: 'act', key: 'level', value: 1 }],
    ['set', { name: 'act', key: 'level', value: 2 }],
    ['set', { name: 'act', key: 'db.password', value: '***' }],
    ['load', { env: { API_TOKEN: '***', B: '1' }, config: { pass: '***', token: '***' } }],
    ['restart', { names: ['a'] }],
  ]);
  const text = await readFile(join(place.stateDir, 'audit.log'), 'utf8');
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(secret);
});

test('by is also in the generation, the result, the last run and the events', async () => {
  await place.write('muster.yaml', config('  z: {command: [sleep, "1004"]}\n'));
  const ran = await as('dave', 'reload', '--json', '--reason', 'z is new');
  expect(JSON.parse(ran.stdout)).toMatchObject({ kind: 'Result', by: 'dave' });
  const status = await place.status();
  expect(status.lastReconcile).toMatchObject({ trigger: 'reload', by: 'dave' });
  const generation = JSON.parse(await readFile(join(place.stateDir, `generations/${status.generation}.json`), 'utf8'));
  expect(JSON.stringify(generation)).toContain('"by":"dave"');
  expect((await place.muster('events', '--json')).stdout).toContain('"by":"dave"');
});

test('signals, saved files and holds that end are lines of their own', async () => {
  const daemon = await place.pid();
  await place.write('muster.yaml', config().replace('watch: off', 'watch: apply'));
  const lines = await during(async () => {
    const before = (await linesOf(place)).length;
    process.kill(daemon, 'SIGHUP');
    await until(async () => (await linesOf(place)).length > before, 'SIGHUP is a line');
    expect((await place.muster('hold', 'a', '--reason', 'x', '--for', '1s')).code).toBe(0);
    await until(async () => (await linesOf(place)).some(({ trigger }) => trigger === 'holdExpired'), 'the end of the hold is a line');
    await place.write('muster.yaml', config('  w: {command: [sleep, "1005"]}\n').replace('watch: off', 'watch: apply'));
    await until(async () => (await linesOf(place)).some(({ trigger }) => trigger === 'watch'), 'the saved file is a line');
  });
  expect(lines.map(({ trigger, method, by }) => [trigger, method, by === null])).toEqual([
    ['sighup', null, true],
    ['hold', 'hold', false],
    ['holdExpired', null, true],
    ['watch', null, true],
  ]);
});

test('a disk that takes no line keeps nobody from an answer, shows in status, and gets all of them later', async () => {
  const daemon = await place.pid();
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(daemon), `--fsize=${bytes}:`]);
  const { seq = 0 } = (await linesOf(place)).at(-1) ?? {};
  limit('0');
  expect((await as('erin', 'hold', 'a', '--reason', 'full')).code).toBe(1);
  const auditing = async () => (await place.status()).conditions.find(({ type }) => type === 'Auditing');
  expect(await auditing()).toMatchObject({ status: false, message: expect.stringContaining('1 lines wait') });
  limit('unlimited');
  await until(async () => (await auditing())?.status === true, 'the line is written');
  expect((await linesOf(place)).at(-1)).toMatchObject({ seq: seq + 1, by: 'erin', method: 'hold', outcome: 'refused' });
});

test('a change of which a daemon died before it wrote the line is written by the next', async () => {
  await using other = await createPlace('version: 1\nmodules:\n  a: {command: [sleep, "1006"]}\n');
  await other.up();
  const ran = await other.musterWith({ env: { MUSTER_BY: 'grace' } }, 'load', '--reason', 'try', '--command', 'x', 'sleep', '1008');
  expect(ran.code).toBe(0);
  await other.kill();
  const lines = await linesOf(other);
  expect(lines.map(({ trigger }) => trigger)).toEqual(['start', 'load']);
  await writeFile(join(other.stateDir, 'audit.log'), `${JSON.stringify(lines[0])}\n`);
  await other.up();
  const [, written, started] = await linesOf(other);
  expect(written).toMatchObject({ seq: 2, by: 'grace', trigger: 'load', reason: 'try', serial: 2, recovered: true });
  expect(written?.changes).toEqual([{ name: 'x', action: 'load', status: 'ok' }]);
  expect(started).toMatchObject({ seq: 3, trigger: 'start' });
});

test('of a run in the middle of which the daemon died the next one writes what had been done, and whose it was', async () => {
  const config = (seconds: string, b: string) =>
    `version: 1\npolicy: {watch: off}\nmodules:\n  a: {command: [sleep, "${seconds}"]}\n  b: {command: [sleep, "${seconds}"]${b}}\n`;
  await using other = await createPlace(config('1006', ''));
  await other.up();
  await other.write('muster.yaml', config('2006', ', requires: [a], ready: {file: never}, startTimeout: 5m'));
  await using _ = startRunning(other, 'reload', '--reason', 'try');
  const journal = async () => readFile(join(other.stateDir, 'journal'), 'utf8');
  await until(async () => (await journal()).includes('2006'), 'a is recorded as reloaded');
  await other.kill();
  await other.write('muster.yaml', config('2006', ''));
  await other.up();
  const [, written, started] = await linesOf(other);
  expect(written).toMatchObject({ trigger: 'reload', reason: 'try', serial: 2, recovered: true });
  expect(written?.by).toMatch(/@/);
  expect(written?.changes).toEqual([{ name: 'a', action: 'reload', status: 'ok' }]);
  expect(started).toMatchObject({ trigger: 'start', serial: 3 });
});

test('lines go on after a crash, also behind one that was cut off; and after the last there is down, which audit shows', async () => {
  await using other = await createPlace('version: 1\nmodules:\n  a: {command: [sleep, "1006"]}\n');
  await other.up();
  await other.kill();
  const file = join(other.stateDir, 'audit.log');
  await truncate(file, (await stat(file)).size - 5);
  await other.up();
  await other.up('--replace');
  expect((await other.musterWith({ env: { MUSTER_BY: 'frank' } }, 'down', '--reason', 'over')).code).toBe(0);
  expect((await linesOf(other)).map(({ seq, trigger, by, reason, recovered = false }) => [seq, trigger, by, reason, recovered])).toEqual([
    [1, 'start', null, null, true],
    [2, 'start', null, null, false],
    [3, 'takeOver', null, null, false],
    [4, 'down', 'frank', 'over', false],
  ]);
  // Without a daemon too.
  const shown = await other.muster('audit', '--since', '1h');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout.match(/^[\d-]{10} [\d:]{8}Z {2}.*$/gm)?.at(-1)).toMatch(/Z {2}frank \(uid \d+\) {2}down {2}done {2}over$/);
  expect((await other.muster('audit', '--json', '-n', '2')).stdout.trim().split('\n')).toEqual(
    (await linesOf(other)).slice(-2).map((line) => JSON.stringify(line)),
  );
});
