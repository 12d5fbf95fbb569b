import { expect, test } from 'vitest';
import { plan } from '../../src/plan/plan.ts';
import { type Given, planInput } from './support/input.ts';
import { desired, loaded } from './support/modules.ts';

function changesOf(given: Given): string[] {
  return plan(planInput(given)).changes.map((change) => `${change.action} ${change.name}`);
}

test('what is declared and not loaded is loaded, what is loaded and not declared is removed, all else is left', () => {
  expect(changesOf({ desired: [desired('a'), desired('c')], loaded: [loaded('a'), loaded('b')] })).toEqual(['remove b', 'load c']);
});

test('what is required is loaded first, and removed last', () => {
  const web = { requires: ['zdb'] };
  expect(changesOf({ desired: [desired('zdb'), desired('web', web)] })).toEqual(['load zdb', 'load web']);
  const wide = { requires: ['adb'] };
  expect(changesOf({ loaded: [loaded('adb'), loaded('web', wide)], request: { allowEmpty: true } })).toEqual(['remove web', 'remove adb']);
});

test('a changed argument is a reload with that field, a changed timeout is live', () => {
  const result = plan(
    planInput({
      desired: [desired('a', { args: ['x', 'z'] }), desired('b', { stopTimeout: '90s' })],
      loaded: [loaded('a', { args: ['x', 'y'] }), loaded('b')],
    }),
  );
  expect(result.changes.map(({ action, fields }) => [action, fields])).toEqual([
    ['reload', [{ path: 'args[1]', before: 'y', after: 'z', live: false }]],
    ['reconfigure', [{ path: 'stopTimeout', before: '10s', after: '1m30s', live: true }]],
  ]);
});

test('a service that is to load a module, and that another registers without a word of it in its entry, has a remedy', () => {
  const input = planInput({ desired: [desired('door'), desired('gateway.status', { service: 'gateway' })], loaded: [loaded('door')] });
  const { diagnostics, exitCode } = plan({ ...input, registered: new Map([['gateway', 'door']]) });
  expect(exitCode).toBe(1);
  expect(diagnostics).toMatchObject([
    {
      code: 'ENOSYS',
      message: expect.stringContaining('which door registers'),
      hint: expect.stringContaining('provides: [gateway] of door'),
    },
  ]);
});
