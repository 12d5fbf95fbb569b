import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GenerationDoc, HistoryDoc } from '../../src/model/generation.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import { createPlace, json, type Place, type Ran, until } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

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
const names = async (): Promise<string[]> => (await place.list()).map(({ name }) => name);
const isLoaded = async (name: string): Promise<boolean> => (await place.list()).some((one) => one.name === name && one.state === 'R');
const says = async (): Promise<string> => (await place.muster('request', 'code.say')).stdout.trim();
const done = ({ changes }: Result | Plan): string[] => changes.map((change) => `${change.action} ${change.name}`).sort();

test('26. three changes and ten runs without any make three generations, each with when, what of, and why', async () => {
  const before = await history();
  await apply(`${a + code}  b: {command: [sleep, "1002"]}\n`);
  await apply(a + code);
  await place.write('word.mjs', `export const word = 'second ';\n`);
  expect(await place.muster('reconcile', '--reason', 'INC-26')).toMatchObject({ code: 0 });
  for (let run = 0; run < 10; run += 1) expect(await place.muster(run % 2 === 0 ? 'reload' : 'reconcile')).toMatchObject({ code: 0 });
  const after = await history();
  expect(after.generation).toBe(before.generation + 3);
  const [third, second, first, ...rest] = after.generations;
  expect(rest.map(({ number }) => number)).toEqual(before.generations.map(({ number }) => number).slice(0, rest.length));
  expect(first).toMatchObject({ trigger: 'reload', reason: null, run: { outcome: 'applied', exitCode: 0, changed: 1 } });
  expect(first?.run?.changes).toEqual([{ name: 'b', action: 'load', status: 'ok' }]);
  expect(second?.run?.changes).toEqual([{ name: 'b', action: 'remove', status: 'ok' }]);
  expect(third).toMatchObject({ trigger: 'reconcile', reason: 'INC-26', run: { changes: [{ name: 'code', action: 'reload' }] } });
  for (const head of [first, second, third]) {
    expect(Date.parse(head?.at ?? '')).toBeGreaterThan(Date.now() - 600_000);
    expect(head?.configDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(head?.files[0]?.path).toBe(join(place.dir, 'muster.yaml'));
  }
  expect(second?.configDigest).toBe(third?.configDigest);
  expect(second?.configDigest).not.toBe(first?.configDigest);
});

test('27. a rollback makes a new generation of the old content, says which, and a number that is none is an error', async () => {
  const old = await current();
  await apply(`${a}  b: {command: [sleep, "1002"]}\n`);
  const bad = await current();
  const [x] = await Promise.all([place.muster('load', '--command', 'x', 'sleep', '1004')]);
  expect(x).toMatchObject({ code: 0 });
  const kept = identities((await place.list()).filter(({ name }) => name === 'a' || name === 'x'));

  const dry = await place.muster('rollback', String(old), '--dry-run');
  expect(dry.stdout).toMatch(new RegExp(`^generation ${old} -> \\S+, generation ${bad}\n`));
  expect(await names()).toEqual(['a', 'b', 'x']);

  const { ran, result } = await rollback(String(old), '--reason', 'INC-27');
  expect(ran.code).toBe(0);
  expect(result).toMatchObject({ kind: 'Result', rollbackOf: old, outcome: 'applied' });
  expect(done(result)).toEqual(['load code', 'remove b']);
  expect(await names()).toEqual(['a', 'code', 'x']);
  expect(identities((await place.list()).filter(({ name }) => name === 'a' || name === 'x'))).toEqual(kept);
  const { generation, paused, generations } = await history();
  expect(generation).toBe(bad + 1);
  expect(generations[0]).toMatchObject({ number: bad + 1, trigger: 'rollback', rollbackOf: old, reason: 'INC-27' });
  expect(generations[0]?.configDigest).toBe((await shown(old)).configDigest);
  expect(paused).toMatchObject({ rollbackOf: old, reason: 'INC-27' });
  const text = await place.muster('history');
  expect(text.stdout).toMatch(new RegExp(`\n\\* +${bad + 1} +\\S+ +rollback to ${old} +applied +(yes|no) +- b, \\+ code`));
  expect(text.stdout).toContain('Automatic runs are paused');

  for (const args of [
    ['rollback', '999'],
    ['history', 'show', '999'],
    ['diff', 'gen:999', `gen:${old}`],
  ]) {
    const none = await place.muster(...args);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain('there is no generation 999; kept: ');
    expect(none.stderr).toContain(`${bad}, ${bad + 1} (ENOENT)`);
  }
  expect(await place.muster('rollback', 'last')).toMatchObject({ code: 1, stderr: expect.stringContaining('(EINVAL)') });
  expect(await names()).toEqual(['a', 'code', 'x']);
  expect(await place.muster('remove', 'x')).toMatchObject({ code: 0 });
});

test('the code that was, imports too, runs again, whatever lies on the disk; the next run that is asked for has what does', async () => {
  expect(await says()).toBe('"first code"');
  const old = await current();
  await place.write('code.mjs', codeOf('changed'));
  await place.write('word.mjs', `export const word = 'second ';\n`);
  await apply(a + code);
  expect(await says()).toBe('"second changed"');
  await rm(join(place.dir, 'word.mjs'));
  await place.write('code.mjs', 'no code at all (');
  // The one before.
  const { ran, result } = await rollback();
  expect(ran).toMatchObject({ code: 0 });
  expect(result.rollbackOf).toBe(old);
  expect(await says()).toBe('"first code"');
  expect((await shown(await current())).modules.find(({ name }) => name === 'code')?.codeDigest).toBe(
    (await shown(old)).modules.find(({ name }) => name === 'code')?.codeDigest,
  );
  // What is on the disk is no drift; it waits.
  expect(await place.muster('drift')).toMatchObject({ code: 0 });
  expect(await place.status()).toMatchObject({ paused: true, synced: false, drift: [] });
  await place.kill();
  await place.up().catch(() => {});
  expect(await says()).toBe('"first code"');
  expect(await place.status()).toMatchObject({ paused: true, drift: [] });
  await place.write('code.mjs', codeOf('mended'));
  await place.write('word.mjs', `export const word = 'third ';\n`);
  await apply(a + code);
  expect(await says()).toBe('"third mended"');
  expect(await place.status()).toMatchObject({ paused: false, synced: true });
});

test('after a rollback nothing is applied that nobody asks for: no save, no interval, no start; a signal asks', async () => {
  const policy = 'policy: {watch: apply, interval: 1s, selfHeal: true}\n';
  const watched = '  code: {module: ./code.mjs, watch: true}\n';
  await edit(a + watched + policy);
  expect((await place.reload()).ran.code).toBe(0);
  await place.write('code.mjs', codeOf('saved'));
  await until(async () => (await says()) === '"first saved"', 'what is saved is loaded');
  await edit(`${a + watched}  b: {command: [sleep, "1002"]}\n${policy}`);
  await until(async () => (await isLoaded('b')) && (await place.status()).synced, 'what is saved is applied');
  const { result } = await rollback();
  expect(done(result)).toEqual(['remove b']);
  const { generation, serial } = await place.status();

  // Each of these is seen by the daemon, which the event tells.
  const follow = (await place.muster('events', '--json')).stdout.split('\n').length;
  await place.write('code.mjs', codeOf('newer'));
  await appendFile(join(place.dir, 'muster.yaml'), 'x-comment: 1\n');
  const told = async (): Promise<string[]> =>
    (await place.muster('events', '--json')).stdout
      .split('\n')
      .slice(follow - 1)
      .filter((line) => line.includes('changes are pending'));
  await until(async () => (await told()).length > 0, 'that changes are pending is told');
  expect(await place.muster('remove', 'a')).toMatchObject({ code: 0 });
  await until(async () => (await place.muster('events', '--json')).stdout.includes('"drift"'), 'the interval has looked');
  expect(await names()).toEqual(['code']);
  expect(await says()).toBe('"first saved"');
  expect(await place.status()).toMatchObject({ paused: true, generation, serial: serial + 1, drift: [{ name: 'a' }] });

  await place.kill();
  expect((await place.up()).stderr).toContain(`generation ${generation} was started, not the config: automatic runs are paused since `);
  // Drift is undone by a start, as ever; the file is not applied.
  expect(await names()).toEqual(['a', 'code']);
  expect(await says()).toBe('"first saved"');
  expect(await place.status()).toMatchObject({ paused: true, generation });
  process.kill(await place.pid(), 'SIGHUP');
  await until(
    async () => (await isLoaded('b')) && (await says()) === '"first newer"' && !(await place.status()).paused,
    'the run that a signal asks for is done',
  );
});

test('31. a daemon that was stopped and finds a broken file loads the last good generation, and says where it is broken', async () => {
  const { generation } = await place.status();
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  await place.write('muster.yaml', `${main + a}  b: {comand: [sleep, "1"]}\n`);
  const up = await place.muster('up', '-d', '-c', 'muster.yaml');
  expect(up.code).toBe(1);
  expect(await names()).toEqual(['a', 'code']);
  const status = await place.status();
  expect(status).toMatchObject({ generation, config: { valid: false } });
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  expect(ready).toMatchObject({ status: false, reason: 'configInvalid', message: expect.stringContaining('muster.yaml:4:') });
});

test('what is held stays, and is brought to what was gone back to when it is released', async () => {
  const old = await current();
  await apply(`  a: {command: [sleep, "1009"], stopTimeout: 1s}\n${code}`);
  expect(await place.muster('hold', 'a', '--reason', 'INC-9')).toMatchObject({ code: 0 });
  const { ran, result } = await rollback(String(old));
  expect(ran.code).toBe(0);
  expect(result.held).toMatchObject([{ name: 'a', reason: 'INC-9', would: 'reload' }]);
  const argv = async (): Promise<string> => {
    const { pid } = await place.module('a');
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  };
  expect(await argv()).toBe('sleep 1009');
  expect(await place.muster('release', 'a')).toMatchObject({ code: 0 });
  expect(await argv()).toBe('sleep 1001');
});

test('guards refuse a rollback as they do any run, and name the option of this command', async () => {
  const old = await current();
  const many = Array.from({ length: 6 }, (_, n) => `  m${n}: {command: [sleep, "10${n}"]}\n`).join('');
  await apply(a + code + many);
  const refused = await place.muster('rollback', String(old));
  expect(refused).toMatchObject({ code: 8 });
  expect(refused.stdout).toContain('(muster rollback --max-removals 6)');
  expect(await place.status()).toMatchObject({ generation: old + 1, paused: false });
  expect(await place.muster('rollback', String(old), '--max-removals', '6')).toMatchObject({ code: 0 });
  expect(await names()).toEqual(['a', 'code']);
});

test('a policy and alternatives come back with the rest', async () => {
  const both = (chosen: string) => `alternatives: {store: ${chosen}}\npolicy: {watch: off, maxRemovals: ${chosen === 'one' ? 3 : 4}}\n`;
  const providers = '  one: {command: [sleep, "1010"], provides: [store]}\n  two: {command: [sleep, "1011"], provides: [store]}\n';
  await apply(a + providers + both('one'));
  const old = await current();
  await apply(a + providers + both('two'));
  expect(await names()).toEqual(['a', 'two']);
  expect((await rollback(String(old))).ran.code).toBe(0);
  expect(await names()).toEqual(['a', 'one']);
  expect(await shown(await current())).toMatchObject({ alternatives: { store: 'one' }, policy: { watch: 'off', maxRemovals: 3 } });
});
