import { describe, expect, test } from 'vitest';
import type { RunNews } from '../../src/model/notify.ts';
import { decide, nothingTold, type Standing, standingAfter } from '../../src/notify/decide.ts';

const run = (parts: Partial<RunNews>): RunNews => ({
  ...{ type: 'run', at: 0, whole: true, trigger: 'reload', by: null, reason: null, outcome: 'applied' },
  ...{ exitCode: 0, planId: 'p', summary: null, changes: [], errors: [] },
  ...parts,
});
const failure = (error: string) => [{ name: 'web', action: 'load', status: 'failed', error }];

const loaded = new Set(['web', 'db']);
const gone = (news: ReturnType<typeof decide>['news'][number]): string =>
  'gone' in news && news.gone.length > 0 ? ` without ${news.gone.join()}` : '';

/** What is told while these things happen, each with its time; where something is to be looked at again, that happens too. */
function story(standing: Standing = standingAfter(nothingTold)) {
  let now = standing;
  let next: number | null = null;
  const told: string[] = [];
  const take = (happening: Parameters<typeof decide>[1]): void => {
    const decision = decide(now, happening);
    now = decision.standing;
    next = decision.lookAt;
    for (const news of decision.news)
      told.push(`${happening.at} ${news.event}${'names' in news ? ` ${news.names.join()}` : ''}${gone(news)}`);
  };
  const until = (at: number): void => {
    while (next !== null && next <= at) take({ type: 'time', at: next });
  };
  return {
    told,
    standing: () => now,
    run: (at: number, parts: Partial<RunNews>) => {
      until(at);
      take(run({ ...parts, at }));
    },
    see: (at: number, unhealthy: readonly string[], drift: readonly string[] | null = []) => {
      until(at);
      take({
        type: 'situation',
        at,
        unhealthy: unhealthy.map((name) => ({ name, reason: 'down' })),
        loaded,
        drift: drift?.map((name) => ({ name, text: 'not loaded' })) ?? null,
      });
    },
    until,
  };
}

describe('runs', () => {
  test('what was applied is told each time, and what came to nothing is not', () => {
    const { told, run } = story();
    run(1, { outcome: 'applied' });
    run(2, { outcome: 'noChanges' });
    run(3, { outcome: 'applied', whole: false });
    expect(told).toEqual(['1 applied', '3 applied']);
  });

  test('the same failure is told once, another one anew, and the same again after a run that went well', () => {
    const { told, run } = story();
    for (const at of [1, 2, 3]) run(at, { outcome: 'failed', changes: failure('no port') });
    run(4, { outcome: 'failed', changes: failure('no disk') });
    for (const at of [5, 6]) run(at, { outcome: 'error', errors: ['muster.yaml:1:1 bad'] });
    run(7, { outcome: 'refused', errors: ['maxRemovals'] });
    run(8, { outcome: 'noChanges' });
    run(9, { outcome: 'refused', errors: ['maxRemovals'] });
    expect(told).toEqual(['1 failed', '4 failed', '5 failed', '7 failed', '9 failed']);
  });

  test('what is changed beside the same failure is told as applied', () => {
    const { told, run } = story();
    const changed = { name: 'db', action: 'reload', status: 'ok', error: null };
    for (const at of [1, 2]) run(at, { outcome: 'failed', changes: [...failure('no port'), changed] });
    run(3, { outcome: 'failed', changes: failure('no port') });
    run(4, { outcome: 'failed', changes: [...failure('no disk'), changed] });
    expect(told).toEqual(['1 failed', '2 applied', '4 failed']);
  });

  test('a command that goes well says nothing of the config', () => {
    const { told, run } = story();
    run(1, { outcome: 'failed', changes: failure('no port') });
    run(2, { outcome: 'applied', whole: false });
    run(3, { outcome: 'failed', changes: failure('no port') });
    expect(told).toEqual(['1 failed', '2 applied']);
  });
});

describe('drift', () => {
  test('is told once for each that there is, and again when it comes back', () => {
    const { told, see } = story();
    see(1, [], ['a']);
    see(2, [], ['a']);
    see(3, [], null);
    see(4, [], ['a', 'b']);
    see(5, [], ['b', 'a']);
    see(6, [], []);
    see(7, [], ['a', 'b']);
    expect(told).toEqual(['1 drifted', '4 drifted', '7 drifted']);
  });
});

describe('health', () => {
  test('is told when it has been bad, and good again, for three seconds', () => {
    const { told, see, until } = story();
    see(0, ['web']);
    until(2999);
    expect(told).toEqual([]);
    until(3000);
    see(10_000, []);
    until(20_000);
    expect(told).toEqual(['3000 degraded web', '13000 recovered web']);
  });

  test('is told with what is not loaded any more, which is no better for that', () => {
    const { told, see, until } = story();
    see(0, ['web', 'other']);
    see(10_000, []);
    until(20_000);
    expect(told).toEqual(['3000 degraded web,other', '13000 recovered web,other without other']);
  });

  test('is not told of a reload', () => {
    const { told, see, until } = story();
    see(0, ['web']);
    see(2000, []);
    until(60_000);
    expect(told).toEqual([]);
  });

  test('counts as bad as long as a module only comes up for moments', () => {
    const { told, see, until } = story();
    for (let at = 0; at < 3000; at += 1000) {
      see(at, ['web']);
      see(at + 500, []);
    }
    see(3000, ['web']);
    until(3000);
    expect(told).toEqual(['3000 degraded web']);
  });

  test('of a module that falls over and over is told less and less', () => {
    const { told, see, until } = story();
    for (let at = 0; at < 3_600_000; at += 30_000) {
      see(at, ['web']);
      see(at + 10_000, []);
    }
    until(7_200_000);
    expect(told.length).toBeLessThan(12);
    expect(told.at(-1)).toMatch(/recovered web$/);
  });

  test('another module that falls is news, and all have to be well again', () => {
    const { told, see, until } = story();
    see(0, ['web']);
    see(10_000, ['web', 'db']);
    see(20_000, ['web']);
    see(30_000, []);
    until(60_000);
    expect(told).toEqual(['3000 degraded web', '13000 degraded db', '33000 recovered web,db']);
  });

  test('what was told before a restart of the daemon is not told again, and its end is', () => {
    const before = story();
    before.see(0, ['web'], ['a']);
    before.until(3000);
    const after = story(standingAfter(JSON.parse(JSON.stringify(before.standing().told))));
    after.see(100_000, ['web'], ['a']);
    after.until(200_000);
    expect(after.told).toEqual([]);
    after.see(200_000, [], ['a']);
    after.until(300_000);
    expect(after.told).toEqual(['203000 recovered web']);
  });
});
