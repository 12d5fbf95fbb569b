import { expect, test } from 'vitest';
import type { ChangeResult, ChangeStatus, Plan, Result } from '../../src/model/plan.ts';
import { plan } from '../../src/plan/plan.ts';
import { planMarkdown } from '../../src/render/plan-markdown.ts';
import { planText } from '../../src/render/plan-text.ts';
import { plainStyle } from '../../src/render/style.ts';
import { planInput } from '../plan/support/input.ts';
import { desired, loaded } from '../plan/support/modules.ts';

const example = plan(
  planInput({
    desired: [desired('a'), desired('web', { args: ['x'], at: 12 }), desired('long-name-of-a-module.part', { at: 3 })],
    loaded: [loaded('a'), loaded('web'), loaded('gone')],
  }),
);

function resultOf(from: Plan, statuses: Record<string, ChangeStatus>): Result {
  const changes = from.changes.map((change): ChangeResult => {
    const status = statuses[change.name] ?? 'ok';
    const error =
      status === 'ok' ? null : { code: 'EFAILED', message: `${change.name} threw: no such table`, output: ['line 1', 'line 2'] };
    return { ...change, status, durationMs: 5, error };
  });
  return {
    ...from,
    kind: 'Result',
    planId: from.id,
    startedAt: from.createdAt,
    finishedAt: from.createdAt,
    changes,
    outcome: 'failed',
    exitCode: 6,
  };
}

test('a result has a status on each line, the error and the last output below, and what was applied', () => {
  expect(planText(resultOf(example, { web: 'reverted' }))).toBe(
    [
      'muster.yaml -> web1, generation 17',
      '  - gone                        thread  remove  ok        no longer declared',
      '  + long-name-of-a-module.part  thread  load    ok        declared at muster.yaml:3',
      '-/+ web                         thread  reload  reverted  args[0] none -> "x"    muster.yaml:12',
      '      web threw: no such table',
      '      | line 1',
      '      | line 2',
      'Applied: 1 loaded, 1 removed, 1 reverted. 1 unchanged.',
      '',
    ].join('\n'),
  );
});

test('a result in which nothing came to be says so', () => {
  const text = planText(resultOf(example, { gone: 'failed', web: 'skipped', 'long-name-of-a-module.part': 'notRun' }));
  expect(text).toContain('Not applied: 1 failed, 1 skipped, 1 not run. 1 unchanged.');
});

test('colours are the ones passed in, and the text is the same without them', () => {
  const wrap = (text: string): string => (text === '' ? '' : `\u001b[1m${text}\u001b[0m`);
  const style = { add: wrap, remove: wrap, change: wrap, error: wrap, warning: wrap, dim: wrap, bold: wrap };
  const coloured = planText(example, style);
  expect(coloured).toContain('\u001b[1m');
  expect(coloured.replaceAll('\u001b[1m', '').replaceAll('\u001b[0m', '')).toBe(planText(example, plainStyle));
});

test('markdown is the summary, one table row per change and a closed fence with the text', () => {
  const markdown = planMarkdown(example);
  const lines = markdown.split('\n');
  expect(lines[0]).toBe('Plan: 1 to load, 1 to reload, 1 to remove. 1 unchanged.');
  expect(lines.filter((line) => line.startsWith('| ')).length).toBe(1 + example.changes.length);
  expect(lines.filter((line) => line.startsWith('```')).length).toBe(2);
  expect(markdown).toContain(`${planText(example)}\`\`\``);
});

test('what a module is given cannot break out of its cell, its line or the fence', () => {
  const nasty = '| a |\n```\n<b>*x*</b>';
  const hostile = plan(planInput({ desired: [desired('a', { args: [nasty] })], loaded: [loaded('a')] }));
  const lines = planMarkdown(hostile).split('\n');
  expect(lines.filter((line) => line.startsWith('| ')).length).toBe(2);
  const row = lines.find((line) => line.startsWith('| reload')) ?? '';
  expect(row.replaceAll('\\|', '').split('|').length).toBe('| Action | Module | Kind | Reason | Fields | Source |'.split('|').length);
  expect(row).not.toContain('<b>');
  const fences = lines.filter((line) => /^`{3,}/.test(line));
  expect(fences.length).toBe(2);
});

test('an error of several lines stays below its module', () => {
  const result = resultOf(example, {});
  const changes = result.changes.map((change) => ({ ...change, error: { code: 'EFAILED', message: 'one\ntwo' } }));
  expect(planText({ ...result, changes })).toContain('      one\n      two\n');
});

test('below an error stands what to do about it', () => {
  const result = resultOf(example, {});
  const error = { code: 'ETIMEDOUT', message: 'too late', hint: 'be early', output: ['late'] };
  const changes = result.changes.map((change) => ({ ...change, error }));
  expect(planText({ ...result, changes })).toContain('      too late (ETIMEDOUT)\n      hint: be early\n      | late\n');
});

test('output and reasons cannot write over the terminal', () => {
  const result = resultOf(example, {});
  const output = ['\u001b[2Jcleared\rover\u0007'];
  const changes = result.changes.map((change) => ({ ...change, error: { code: 'EFAILED', message: '\u001b]0;title', output } }));
  const text = planText({ ...result, changes });
  expect([...text].some((character) => character < ' ' && character !== '\n')).toBe(false);
  expect(text).toContain('      | cleared over');
});

test('components stand below their host, which heads them also where nothing becomes of it', () => {
  const of = (host: string) => ({ host, service: 'none' });
  const doc = plan(
    planInput({
      desired: [
        desired('example.com', of('example.com')),
        desired('c.example.com', { ...of('example.com'), at: 9 }),
        desired('example.org', { ...of('example.org'), at: 12 }),
        desired('a.example.org', { ...of('example.org'), requires: ['example.org'], at: 14 }),
        desired('zebra', { at: 3 }),
      ],
      loaded: [loaded('example.com', of('example.com')), loaded('b.example.com', of('example.com')), loaded('x')],
    }),
  );
  expect(doc.changes.map(({ name, host }) => `${name} ${host}`)).toEqual([
    ...['b.example.com example.com', 'c.example.com example.com', 'example.org example.org'],
    ...['a.example.org example.org', 'x undefined', 'zebra undefined'],
  ]);
  expect(planText(doc)).toBe(
    [
      'muster.yaml -> web1, generation 17',
      '    example.com',
      '  -   b.example.com  thread  remove  no longer declared',
      '  +   c.example.com  thread  load    declared at muster.yaml:9',
      '  + example.org      thread  load    declared at muster.yaml:12',
      '  +   a.example.org  thread  load    declared at muster.yaml:14',
      '  - x                thread  remove  no longer declared',
      '  + zebra            thread  load    declared at muster.yaml:3',
      'Plan: 4 to load, 2 to remove. 1 unchanged.',
      '',
    ].join('\n'),
  );
  const markdown = planMarkdown(doc).split('\n');
  expect(markdown).toContain('| load | c.example.com | example.com | thread | declared at muster.yaml:9 |  |  |');
  expect(planMarkdown(example)).not.toContain('Host');
});
