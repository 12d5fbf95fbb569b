import { expect, test } from 'vitest';
import type { Action, ChangeResult, ChangeStatus } from '../../src/model/plan.ts';
import { resultExitCode } from '../../src/plan/result.ts';

const cases: [string, [Action, ChangeStatus][], number][] = [
  [
    'all was done',
    [
      ['load', 'ok'],
      ['remove', 'ok'],
    ],
    0,
  ],
  ['there was nothing to do', [], 0],
  ['a reload was reverted', [['reload', 'reverted']], 4],
  [
    'a reload was reverted beside one that was done',
    [
      ['reload', 'reverted'],
      ['reload', 'ok'],
    ],
    6,
  ],
  [
    'a load failed and its dependent was skipped',
    [
      ['load', 'failed'],
      ['load', 'skipped'],
    ],
    4,
  ],
  [
    'a load failed beside others that were done',
    [
      ['load', 'ok'],
      ['load', 'failed'],
      ['load', 'skipped'],
    ],
    6,
  ],
  [
    'all that was done was rolled back',
    [
      ['load', 'rolledBack'],
      ['load', 'failed'],
      ['load', 'notRun'],
    ],
    4,
  ],
  ['a reload failed and the old instance did not come back', [['reload', 'failed']], 6],
  ['a removal failed', [['remove', 'failed']], 4],
  [
    'a live change was refused by the module',
    [
      ['reconfigure', 'reverted'],
      ['load', 'notRun'],
    ],
    4,
  ],
];

for (const [title, changes, code] of cases) {
  test(`exit code ${code}: ${title}`, () => {
    expect(resultExitCode(changes.map(([action, status]) => ({ action, status }) as ChangeResult))).toBe(code);
  });
}
