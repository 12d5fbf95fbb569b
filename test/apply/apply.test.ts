import { describe, expect, test } from 'vitest';
import { applyPlan } from '../../src/apply/apply.ts';
import { createBecoming } from '../../src/apply/becoming.ts';
import { createClaims } from '../../src/apply/claims.ts';
import { desiredOf } from '../../src/apply/step.ts';
import type { Launch } from '../../src/model/driver.ts';
import type { Target } from '../../src/model/instances.ts';
import type { LoadedRecord } from '../../src/model/module.ts';
import type { Change, ChangeResult } from '../../src/model/plan.ts';
import type { OnFailure } from '../../src/model/policy.ts';
import { type Bench, code, createBench } from '../instances/bench.ts';
import type { Behaviour } from '../support/fake-driver.ts';

/** Loads some, and applies changes that lead to others; secrets and code are those of the targets. */
async function applied(
  { instances, clock }: Bench,
  changes: readonly (Partial<Change> & { name: string; action: Change['action'] })[],
  targets: readonly Target[],
  { onFailure = 'continue', force = false }: { onFailure?: OnFailure; force?: boolean } = {},
): Promise<string[]> {
  const materialOf = ({ spec }: Pick<LoadedRecord, 'spec'>) => ({
    env: {},
    config: 'config' in spec ? (spec.config as Record<string, unknown>) : {},
    codeFile: null,
  });
  const recorded = new Map<string, LoadedRecord>();
  const filled = changes.map((change): Change => {
    const reason = { code: 'changed', text: '' };
    return { kind: 'code', isolation: 'thread', reason, source: null, fields: [], codeDigest: null, after: [], ...change };
  });
  const results: ChangeResult[] = await applyPlan(
    {
      plan: { changes: filled } as never,
      desired: new Map(targets.map(({ desired }) => [desired.name, desired])),
      loaded: instances.snapshot(),
      originOf: () => 'config',
      generation: 2,
      onFailure,
      force,
      concurrency: 1,
      maxUnavailable: 10,
      heldSince: () => false,
      claimed: new Set(),
      cancel: false,
      signal: new AbortController().signal,
      onProgress() {},
    },
    {
      instances,
      clock,
      claims: createClaims(clock),
      becoming: createBecoming(),
      materials: { material: async (desired) => materialOf(desired), restore: async (record) => materialOf(record) },
      store: { state: { loaded: recorded, finished: new Map() }, append: async () => {} },
    },
  );
  return results.map(({ name, status }) => `${name} ${status}`);
}

const live = { path: 'config.ttl', before: 1, after: 2, live: true };

/** What each running module was given last. */
function configs({ driver }: Bench): Record<string, unknown> {
  const given = (told: readonly string[], launch: Launch): unknown => {
    const last = told.findLast((one) => one.startsWith('reconfigure'));
    return last === undefined ? launch.config : JSON.parse(last.slice('reconfigure '.length));
  };
  return Object.fromEntries(driver.live().map(({ name, told, launch }) => [name, given(told, launch)]));
}

describe('live changes', () => {
  const behave = ({ name }: Launch): Behaviour => ({ reconfigurable: true, ...(name === 'c' ? { refuseConfig: 'no' } : {}) });
  const all = (ttl: number) => ['a', 'b', 'c'].map((name) => code(name, { config: { ttl } }));
  const changes = ['a', 'b', 'c'].map((name) => ({ name, action: 'reconfigure' as const, fields: [live] }));

  test('one that refuses is reverted, and the others stay changed', async () => {
    const bench = createBench(behave);
    for (const target of all(1)) await bench.instances.load(target);
    expect(await applied(bench, changes, all(2))).toEqual(['a ok', 'b ok', 'c reverted']);
    expect(configs(bench)).toMatchObject({ a: { ttl: 2 }, b: { ttl: 2 } });
    expect(bench.instances.get('c')?.spec).toMatchObject({ config: { ttl: 1 } });
  });

  test('under rollback all that were touched are put back', async () => {
    const bench = createBench(behave);
    for (const target of all(1)) await bench.instances.load(target);
    expect(await applied(bench, changes, all(2), { onFailure: 'rollback' })).toEqual(['a rolledBack', 'b rolledBack', 'c reverted']);
    expect(configs(bench)).toMatchObject({ a: { ttl: 1 }, b: { ttl: 1 } });
    for (const name of ['a', 'b', 'c']) expect(bench.instances.get(name)?.spec).toMatchObject({ config: { ttl: 1 } });
    expect(bench.driver.starts).toHaveLength(3);
  });

  test('a rename delivers what changes with it, and takes both back', async () => {
    const bench = createBench(() => ({ reconfigurable: true }));
    await bench.instances.load(code('old', { config: { ttl: 1 } }));
    const rename = { name: 'new', from: 'old', action: 'rename' as const, fields: [live] };
    expect(await applied(bench, [rename], [code('new', { config: { ttl: 2 } })])).toEqual(['new ok']);
    expect(configs(bench)).toEqual({ new: { ttl: 2 } });
    const refused = createBench(() => ({ reconfigurable: true, refuseConfig: 'no' }));
    await refused.instances.load(code('old', { config: { ttl: 1 } }));
    expect(await applied(refused, [rename], [code('new', { config: { ttl: 2 } })])).toEqual(['new reverted']);
    expect([...refused.instances.snapshot().keys()]).toEqual(['old']);
  });

  test('a rename that is rolled back has its old name and config again', async () => {
    const bench = createBench(({ name }) => ({ reconfigurable: true, ...(name === 'x' ? { failStart: 'no' } : {}) }));
    await bench.instances.load(code('old', { config: { ttl: 1 } }));
    const rename = { name: 'new', from: 'old', action: 'rename' as const, fields: [live] };
    const targets = [code('new', { config: { ttl: 2 } }), code('x')];
    const results = await applied(bench, [rename, { name: 'x', action: 'load' }], targets, { onFailure: 'rollback' });
    expect(results).toEqual(['new rolledBack', 'x failed']);
    expect(configs(bench)).toEqual({ old: { ttl: 1 } });
  });
});

describe('reloads', () => {
  const reload = { name: 'web', action: 'reload' as const };

  test('one that cannot save its state is reverted, unless by force', async () => {
    const bench = createBench((_, nth) => (nth === 0 ? { refuseSave: 'not now' } : {}));
    await bench.instances.load(code('web'));
    expect(await applied(bench, [reload], [code('web', { args: ['2'] })])).toEqual(['web reverted']);
    expect(await applied(bench, [reload], [code('web', { args: ['2'] })], { force: true })).toEqual(['web ok']);
  });

  test('a rollback does not ask whether the state can be saved', async () => {
    const bench = createBench(({ name }, nth) => (name === 'x' ? { failStart: 'no' } : nth === 1 ? { refuseSave: 'not now' } : {}));
    await bench.instances.load(code('web', { args: ['1'] }));
    const changes = [reload, { name: 'x', action: 'load' as const }];
    const targets = [code('web', { args: ['2'] }), code('x')];
    expect(await applied(bench, changes, targets, { onFailure: 'rollback' })).toEqual(['web rolledBack', 'x failed']);
    expect(bench.driver.live().map(({ launch }) => launch.args)).toEqual([['1']]);
  });

  test.each(['never', 'onFailure'])(
    'what goes down with the service that loaded it, restart: %s, is brought back where its new code fails',
    async (policy) => {
      const bench = createBench(({ args }) => (args.includes('broken') ? { failStart: 'broken' } : {}));
      const child = (arg: string) => code('web.a', { args: [arg], service: 'web', restart: { policy } });
      await bench.instances.load(code('web'));
      await bench.instances.load(child('1'));
      // It ends with the thread of its service.
      bench.instances.on((event) => {
        if (event.type === 'state' && event.name === 'web' && event.to === 'F') bench.driver.last('web.a').exit({ code: 1 });
      });
      const results = await applied(bench, [reload, { name: 'web.a', action: 'reload', after: ['web'] }], [code('web'), child('broken')]);
      expect(results).toEqual(['web ok', 'web.a reverted']);
      expect(bench.instances.get('web.a')).toMatchObject({ state: 'R', spec: { args: ['1'] } });
      await bench.clock.advance(5000);
      expect(bench.driver.live()).toHaveLength(2);
    },
  );

  test('that it is between two restarts is no hindrance', async () => {
    const bench = createBench();
    await bench.instances.load(code('web'));
    bench.driver.last('web').exit({ code: 1 });
    await bench.clock.flush();
    expect(bench.instances.get('web')?.state).toBe('B');
    expect(await applied(bench, [reload], [code('web', { args: ['2'] })])).toEqual(['web ok']);
    await bench.clock.advance(60_000);
    expect(bench.driver.starts).toHaveLength(2);
  });
});

test('fields that are live reach what runs', async () => {
  const bench = createBench();
  await bench.instances.load(code('web', { priority: 1 }));
  const target = code('web', { priority: 2, control: 'read', requires: ['db'] });
  expect(await applied(bench, [{ name: 'web', action: 'reconfigure', fields: [{ ...live, path: 'priority' }] }], [target])).toEqual([
    'web ok',
  ]);
  expect(bench.driver.last('web').told).toEqual(['update']);
  expect(bench.instances.view('web')).toMatchObject({ requires: ['db'] });
  expect(desiredOf(bench.instances.get('web') as LoadedRecord).spec).toMatchObject({ priority: 2, control: 'read' });
});
