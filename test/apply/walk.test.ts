import { expect, test } from 'vitest';
import { walk } from '../../src/apply/walk.ts';
import type { Action, Change, ChangeStatus } from '../../src/model/plan.ts';

const change = (name: string, after: string[] = [], action: Action = 'load'): Change => ({
  name,
  action,
  after,
  needs: after,
  kind: 'code',
  isolation: 'thread',
  reason: { code: 'added', text: '' },
  source: null,
  fields: [],
  codeDigest: null,
});

interface Script {
  concurrency?: number;
  maxUnavailable?: number;
  outcomes?: Record<string, ChangeStatus>;
  mayStart?: () => boolean;
}

async function walked(changes: Change[], { concurrency = 8, maxUnavailable = 8, outcomes = {}, mayStart = () => true }: Script = {}) {
  const log: string[] = [];
  let most = 0;
  let underWay = 0;
  const statuses = await walk({
    changes,
    concurrency,
    maxUnavailable,
    mayStart,
    execute: async (one, blockedBy) => {
      log.push(`start ${one.name}${blockedBy === null ? '' : ` blocked by ${blockedBy}`}`);
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      log.push(`end ${one.name}`);
      return outcomes[one.name] ?? 'ok';
    },
  });
  return { log, most, statuses: Object.fromEntries(statuses) };
}

test('a change starts only when all that it comes after are done', async () => {
  const { log } = await walked([change('a'), change('b', ['a']), change('c', ['a', 'b'])]);
  expect(log).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c']);
});

test('independent changes run together, up to the concurrency', async () => {
  const changes = ['a', 'b', 'c', 'd', 'e'].map((name) => change(name));
  expect((await walked(changes, { concurrency: 2 })).most).toBe(2);
  expect((await walked(changes)).most).toBe(5);
});

test('reloads are bounded by maxUnavailable while loads go on', async () => {
  const changes = [change('a', [], 'reload'), change('b', [], 'reload'), change('c')];
  const { log } = await walked(changes, { maxUnavailable: 1 });
  expect(log.slice(0, 2)).toEqual(['start a', 'start c']);
  expect(log.indexOf('start b')).toBeGreaterThan(log.indexOf('end a'));
});

test('the next batch of reloads begins when all of the one before are done', async () => {
  const changes = ['a', 'b', 'c', 'd', 'e'].map((name) => change(name, [], 'reload'));
  const { log } = await walked(changes, { maxUnavailable: 2 });
  const at = (what: string) => log.indexOf(what);
  for (const [next, before] of ['ca', 'cb', 'da', 'db', 'ec', 'ed'])
    expect(at(`start ${next}`), `${next} after ${before}`).toBeGreaterThan(at(`end ${before}`));
  expect(at('start b')).toBeLessThan(at('end a'));
});

test('a change is told which of its predecessors did not come about', async () => {
  const { log } = await walked([change('a'), change('b', ['a'])], { outcomes: { a: 'failed' } });
  expect(log).toContain('start b blocked by a');
});

test('a predecessor that it only stands after may fail', async () => {
  const { log } = await walked([change('a'), { ...change('b', ['a']), needs: [] }], { outcomes: { a: 'failed' } });
  expect(log).toContain('start b');
});

test('a reverted predecessor still runs, so it blocks nobody', async () => {
  const { log } = await walked([change('a', [], 'reload'), change('b', ['a'])], { outcomes: { a: 'reverted' } });
  expect(log).toContain('start b');
});

test('what may not start any more is not run, and what is under way is waited for', async () => {
  let started = 0;
  const { statuses } = await walked([change('a'), change('b', ['a']), change('c', ['b'])], { mayStart: () => started++ < 1 });
  expect(statuses).toEqual({ a: 'ok', b: 'notRun', c: 'notRun' });
});

test('a predecessor that is not in the plan is not waited for', async () => {
  expect((await walked([change('a', ['gone'])])).statuses).toEqual({ a: 'ok' });
});

test('nothing to do is done at once', async () => {
  expect((await walked([])).statuses).toEqual({});
});
