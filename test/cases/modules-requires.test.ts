import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const tiny = fixture('tiny.mjs');
const names = async (place: Place) => (await place.list()).map(({ name }) => name);

test('31. what is in use is not removed; --recursive takes what uses it first', async () => {
  await using place = await createPlace();
  const env = `env: {TO: ${join(place.dir, 'told')}}`;
  const module = (more = '') => `{module: ${fixture('tell-thread.mjs')}, ${env}${more}}`;
  await place.write(
    'muster.yaml',
    `version: 1
modules:
  base: ${module()}
  mid: ${module(', requires: [base]')}
  top: ${module(', requires: [mid]')}
  other: ${module()}
`,
  );
  await place.up();
  const refused = await place.muster('remove', 'base');
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('(EBUSY)');
  expect(refused.stderr).toContain('mid');
  expect(await names(place)).toEqual(['base', 'mid', 'other', 'top']);
  expect(await place.module('mid')).toMatchObject({ requires: ['base'], requiredBy: ['top'] });

  expect(await place.muster('remove', '--recursive', 'base')).toMatchObject({ code: 0 });
  expect(await names(place)).toEqual(['other']);
  const told = readFileSync(join(place.dir, 'told'), 'utf8').trim().split('\n');
  expect(told.filter((line) => line.startsWith('stop'))).toEqual(['stop top', 'stop mid', 'stop base']);
});

test('32. a reload takes along who asked for that, after it, and leaves the others', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  x: ${tiny}
  y: {module: ${tiny}, requires: [{name: x, reload: true}]}
  z: {module: ${tiny}, requires: [x]}
`,
  );
  await place.up();
  const [x, y, z] = await place.list();
  expect(await place.muster('reload', 'x')).toMatchObject({ code: 0 });
  const [newX, newY, newZ] = await place.list();
  expect(newX?.startedAt).not.toBe(x?.startedAt);
  expect(newY?.startedAt).not.toBe(y?.startedAt);
  expect(newZ).toMatchObject({ startedAt: z?.startedAt, threadId: z?.threadId });
  expect(Date.parse(String(newY?.startedAt))).toBeGreaterThanOrEqual(Date.parse(String(newX?.since)));
});

test('33. after is order alone: it pulls nothing in', async () => {
  await using place = await createPlace();
  const module = (who: string) => `{module: ${fixture('traced.mjs')}, env: {TRACE: ${join(place.dir, 'trace')}, WHO: ${who}}}`;
  const late = (more: string) => `version: 1\nmodules:\n  late: ${module('late').replace(/\}$/, ', after: [metrics]}')}\n${more}`;
  await place.write('muster.yaml', late(''));
  await place.up();
  expect(await names(place)).toEqual(['late']);
  await place.muster('down');
  await place.write('trace', '');
  await place.write('muster.yaml', late(`  metrics: ${module('metrics')}\n`));
  await place.up();
  const trace = readFileSync(join(place.dir, 'trace'), 'utf8').trim().split('\n');
  expect(trace).toEqual(['metrics began', 'metrics ready', 'late began', 'late ready']);
});

test('34. what a condition leaves out is skipped with its reason, and what needs it too', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  keeps: ${tiny}
  off: {module: ${tiny}, disabled: true}
  absent: {module: ${tiny}, onlyIf: {modules: [gpu]}}
  disabled: {module: ${tiny}, onlyIf: {modules: [off]}}
  env: {module: ${tiny}, onlyIf: {env: [SURELY_NOT_SET]}}
  not-env: {module: ${tiny}, onlyIf: {env: ["!PATH"]}}
  config: {module: ${tiny}, config: {a: {b: false}}, onlyIf: {config: [a.b]}}
  needs: {module: ${tiny}, requires: [absent]}
  met: {module: ${tiny}, config: {a: {b: true}}, onlyIf: {modules: [keeps], env: [PATH, "!SURELY_NOT_SET"], config: [a.b]}}
`,
  );
  await place.up();
  expect(await names(place)).toEqual(['keeps', 'met']);
  const { plan } = await place.dryRun();
  const reasons = new Map(plan.skipped.map(({ name, reason }) => [name, reason.text]));
  expect([...reasons.keys()].sort()).toEqual(['absent', 'config', 'disabled', 'env', 'needs', 'not-env', 'off']);
  expect(reasons.get('absent')).toContain('gpu');
  expect(reasons.get('disabled')).toContain('off');
  expect(reasons.get('env')).toContain('SURELY_NOT_SET');
  expect(reasons.get('not-env')).toContain('PATH');
  expect(reasons.get('config')).toContain('a.b');
  expect(reasons.get('needs')).toContain('absent');
  expect((await place.muster('reconcile', '--dry-run')).stdout).toMatch(/absent.*gpu/);
  expect((await place.status()).synced).toBe(true);
});

test('35. of two providers the one of higher priority is loaded, unless the config says otherwise', async () => {
  const who = fixture('registers.mjs');
  const config = (fair: string, more = '') => `version: 1
modules:
  fair: {module: ${who}, provides: [sched], priority: 200${fair}}
  plain: {module: ${who}, provides: [sched], priority: 100}
  other: ${tiny}
  needs: {module: ${tiny}, requires: [sched]}
${more}`;
  await using place = await createPlace(config(''));
  await place.up();
  using daemon = await talk(place);
  expect([await daemon.ask('sched.who'), await names(place)]).toEqual(['fair', ['fair', 'needs', 'other']]);
  expect((await place.module('fair')).services).toEqual(['sched']);

  await reloadWith(config(', disabled: true'));
  expect([await daemon.ask('sched.who'), await names(place)]).toEqual(['plain', ['needs', 'other', 'plain']]);

  await reloadWith(config(''));
  expect(await daemon.ask('sched.who')).toBe('fair');
  await reloadWith(config('', 'alternatives: {sched: plain}\n'));
  expect([await daemon.ask('sched.who'), await names(place)]).toEqual(['plain', ['needs', 'other', 'plain']]);

  const bad = config('', 'alternatives: {sched: other}\n');
  await place.write('muster.yaml', bad);
  const refused = await place.muster('reload');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`muster.yaml:${bad.split('\n').indexOf('alternatives: {sched: other}') + 1}:`);
  expect(refused.stderr).toContain('sched');
  expect(await daemon.ask('sched.who')).toBe('plain');

  async function reloadWith(text: string): Promise<void> {
    await place.write('muster.yaml', text);
    const ran = await place.muster('reload');
    expect(ran.code, ran.stderr).toBe(0);
  }
});
