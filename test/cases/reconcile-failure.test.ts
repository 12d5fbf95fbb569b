import { expect, test } from 'vitest';
import type { ModuleView } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, json, type Place } from '../support/place.ts';

const steady = 'export async function main(ctx) {\n  await ctx.run();\n}\n';
const fails = "export async function main() {\n  throw new Error('no such luck');\n}\n";

/** A config of these modules; `c` fails. */
function config(names: readonly string[], more = ''): string {
  const entries = names.map((name) => `  ${name}:\n    module: ./${name === 'c' ? 'fails' : 'steady'}.mjs\n`);
  return `version: 1\nmodules:\n${entries.join('')}${more}`;
}

async function placeWith(text: string): Promise<Place> {
  const place = await createPlace(text);
  await place.write('steady.mjs', steady);
  await place.write('fails.mjs', fails);
  return place;
}

const outcomes = ({ changes }: Result) => Object.fromEntries(changes.map(({ name, status }) => [name, status]));

test('37. A module whose new code throws at start is reverted: the old code runs on', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: ./web.mjs\n');
  await place.write('web.mjs', "export async function main(ctx) {\n  ctx.status('core', 'old code');\n  await ctx.run();\n}\n");
  await place.up();
  const before = await place.module('web');
  await place.write('web.mjs', "export async function main(ctx) {\n  throw new Error('the new code is broken');\n}\n");

  const { ran, result } = await place.reload();
  expect(ran.code).toBe(4);
  expect(outcomes(result)).toEqual({ web: 'reverted' });
  expect(result.changes[0]?.error?.message).toContain('the new code is broken');
  const after = await place.module('web');
  expect(after).toMatchObject({ state: 'R', failed: false, codeDigest: before.codeDigest });
  expect(after.status.message).toBe('old code');

  const again = await place.muster('reload');
  expect(again.code).toBe(4);
  expect(again.stdout + again.stderr).toContain('the new code is broken');
});

test('37. A command that does not come up under its new arguments is started again as it was', async () => {
  const command = (script: string) => `version: 1\nmodules:\n  web:\n    command: [sh, -c, "${script}"]\n    ready: {log: up}\n`;
  await using place = await createPlace(command('echo up; exec sleep 1000'));
  await place.up();
  await place.write('muster.yaml', command('exit 3'));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(4);
  expect(outcomes(result)).toEqual({ web: 'reverted' });
  expect(await place.module('web')).toMatchObject({ state: 'R', failed: false });
  expect(await place.processes()).toHaveLength(1);
});

test('38. A failed load skips what requires it and nothing else', async () => {
  await using place = await placeWith('version: 1\nmodules: {}\n');
  await place.up();
  const all = config(['a', 'b', 'c', 'd', 'e'], 'policy: {onFailure: continue}\n');
  await place.write('muster.yaml', all.replace('d:\n', 'd:\n    requires: [c]\n'));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(6);
  expect(outcomes(result)).toEqual({ a: 'ok', b: 'ok', c: 'failed', d: 'skipped', e: 'ok' });
  expect(result.changes.find((change) => change.name === 'd')?.error?.message).toContain('c');
  const states = new Map((await place.list()).map(({ name, state, failed }) => [name, failed ? 'X' : state]));
  expect([...states].filter(([, state]) => state === 'R').map(([name]) => name)).toEqual(['a', 'b', 'e']);
  expect(states.get('c')).toBe('X');
});

test('39. After a failure nothing new is started with --on-failure stop', async () => {
  await using place = await placeWith('version: 1\nmodules: {}\n');
  await place.up();
  await place.write('muster.yaml', config(['a', 'b', 'c', 'd', 'e'], 'policy: {concurrency: 1}\n'));
  const ran = await place.muster('reconcile', '--on-failure', 'stop', '-o', 'json');
  expect(ran.code).toBe(6);
  expect(outcomes(json(ran) as Result)).toEqual({ a: 'ok', b: 'ok', c: 'failed', d: 'notRun', e: 'notRun' });
});

test('39. After a failure the loaded set is as it was before with --atomic', async () => {
  await using place = await placeWith('version: 1\nmodules: {z: ./steady.mjs}\n');
  await place.up();
  const before = await place.list();
  await place.write('muster.yaml', config(['a', 'b', 'c', 'd', 'e', 'z'], 'policy: {concurrency: 1}\n'));
  const ran = await place.muster('reconcile', '--atomic', '-o', 'json');
  expect(ran.code).toBe(4);
  expect(outcomes(json(ran) as Result)).toEqual({ a: 'rolledBack', b: 'rolledBack', c: 'failed', d: 'notRun', e: 'notRun' });
  const ofInstance = ({ name, state, threadId, startedAt, since }: ModuleView) => ({ name, state, threadId, startedAt, since });
  expect((await place.list()).map(ofInstance)).toEqual(before.map(ofInstance));
});

test('39. With --atomic what was reloaded and removed before the failure is brought back too', async () => {
  const entries = 'version: 1\npolicy: {concurrency: 1}\nmodules:\n  z: ./steady.mjs\n';
  const old = `${entries}  a: {module: ./steady.mjs, args: [old]}\n  b: {command: [sleep, '1000']}\n`;
  await using place = await placeWith(old);
  await place.up();
  await place.write('muster.yaml', `${entries}  a: {module: ./steady.mjs, args: [new]}\n  c: ./fails.mjs\n`);
  const ran = await place.muster('reconcile', '--atomic', '-o', 'json');
  expect(ran.code).toBe(4);
  expect(outcomes(json(ran) as Result)).toEqual({ a: 'rolledBack', b: 'rolledBack', c: 'failed' });
  expect((await place.list()).map(({ name, state }) => [name, state])).toEqual([
    ['a', 'R'],
    ['b', 'R'],
    ['z', 'R'],
  ]);
  await place.write('muster.yaml', old);
  expect((await place.reload()).result.changes).toEqual([]);
});
