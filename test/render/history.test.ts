import { expect, it } from 'vitest';
import type { GenerationDoc, HeadChange, HistoryDoc, KeptHead } from '../../src/model/generation.ts';
import type { Summary } from '../../src/model/plan.ts';
import { defaultPolicy } from '../../src/model/policy.ts';
import { generationText, historyText } from '../../src/render/history.ts';
import { resultDoc } from './plan-doc.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const summary = {} as Summary;

function kept(number: number, more: Partial<KeptHead> = {}, changes: HeadChange[] = []): KeptHead {
  return {
    number,
    at: '2026-01-01T23:00:00Z',
    trigger: 'reload',
    reason: null,
    planId: `p${number}`,
    configDigest: 'c'.repeat(64),
    files: [{ path: '/etc/muster/muster.yaml', sha256: 'f'.repeat(64) }],
    healthyAt: null,
    run: { outcome: 'applied', exitCode: 0, durationMs: 1200, summary, changed: changes.length, changes },
    ...more,
  };
}

const change = (name: string, action: HeadChange['action'], status: HeadChange['status'] = 'ok'): HeadChange => ({ name, action, status });
const list = (generations: KeptHead[], more: Partial<HistoryDoc> = {}): string =>
  historyText({ formatVersion: '1.0', generation: generations[0]?.number ?? 0, paused: null, generations, ...more }, { now });

it('lists generations in columns, with what was changed and why', () => {
  const heads = [
    kept(3, { trigger: 'rollback', rollbackOf: 1, reason: 'INC-7', by: 'alice' }, [change('web', 'reload')]),
    kept(2, {}, [change('gc', 'remove'), change('web', 'reload', 'failed')]),
    kept(1, { healthyAt: '2026-01-01T23:01:00Z', revision: 'abcdef0123' }, [change('gc', 'load'), change('web', 'load')]),
  ];
  expect(list(heads)).toBe(
    [
      '   Gen  Age  Trigger        Outcome  Healthy  Changes                 Why',
      '*    3  1h   rollback to 1  applied  no       -/+ web                 INC-7 by al…',
      '     2  1h   reload         applied  no       - gc, -/+ web (failed)',
      '     1  1h   reload         applied  yes      + gc, + web             abcdef0',
      '',
    ].join('\n'),
  );
});

it('cuts why, and never a name, to stay within a screen', () => {
  const long = 'a-name-that-is-as-long-as-names-of-components.of.hosts.may-be.example.com';
  const text = list([kept(2, { reason: 'because of a reason that nobody could tell in less than a whole line' }, [change('web', 'load')])]);
  for (const line of text.trimEnd().split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toContain('because of a r');
  expect(text).toContain('…');
  expect(list([kept(2, { reason: 'INC-7' }, [change(long, 'load')])])).toContain(`+ ${long}  INC-7`);
  const many = Array.from({ length: 9 }, (_, n) => change(`m${n}`, 'load'));
  expect(list([kept(2, {}, many)])).toContain('9 changes');
});

it('shows no control characters of a reason, what is not recorded as such, and that automatic runs wait', () => {
  const { run, ...old } = kept(1, { reason: 'a\u001b[2Jb\nc' });
  const text = list([old], { paused: { since: '2026-01-01T23:00:00Z', rollbackOf: 1, reason: null } });
  expect(text).toContain('ab c');
  expect(text).toMatch(/\* +1 +1h +reload +- +no +- /);
  expect(text).toContain('Automatic runs are paused since 2026-01-01T23:00:00Z; muster reload applies the config.\n');
  expect(list([])).toBe('No generation yet.\n');
});

it('shows one generation with its plan, its modules and their code', () => {
  const doc: GenerationDoc = {
    ...kept(3, { reason: 'INC-7', by: 'alice', revision: 'abcdef0123', rollbackOf: 1, trigger: 'rollback' }),
    formatVersion: '1.0',
    inForce: true,
    policy: defaultPolicy,
    alternatives: {},
    modules: [
      { name: 'monit', kind: 'package', path: '/p', codeDigest: 'd'.repeat(64), version: '3.1.0' },
      { name: 'web', kind: 'command', path: 'node', codeDigest: null },
    ],
    result: resultDoc(),
  };
  const text = generationText(doc, { now });
  for (const part of [
    '3, in force',
    'rollback to 1, asked by alice',
    'INC-7',
    'abcdef0123',
    'exit code 0, in 1s200ms',
    'never seen to be',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).toContain('/etc/muster/muster.yaml ffffffffffff');
  expect(text).toMatch(/monit {2}package {2}3\.1\.0 {2}dddddddddddd\n/);
  expect(text).toMatch(/web {4}command {2}- {6}-\n/);
  expect(generationText({ ...doc, result: null }, { now })).not.toContain('Plan and result');
});
