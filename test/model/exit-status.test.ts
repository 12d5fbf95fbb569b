import { expect, test } from 'vitest';
import type { Ended } from '../../src/model/driver.ts';
import { isSuccess } from '../../src/model/exit-status.ts';

const status = { success: [0, 143], noRestart: [3] };
const end = (part: Partial<Ended>): Ended => ({ code: null, signal: null, error: null, reason: '', ...part });

test.each([
  ['code 0', end({ code: 0 }), true],
  ['another code that is declared a success', end({ code: 143 }), true],
  ['a code that is not', end({ code: 3 }), false],
  ['a thread that returned', end({}), true],
  ['an uncaught error', end({ error: { message: 'boom' } }), false],
  ['SIGSEGV', end({ signal: 'SIGSEGV' }), false],
  ['SIGTERM, although its shell code 143 is declared', end({ signal: 'SIGTERM' }), false],
  ['a real-time signal that comes with code 0', end({ code: 0, signal: 'SIGRTMIN+3' }), false],
])('%s counts as it should', (_, ended, expected) => {
  expect(isSuccess(ended, status)).toBe(expected);
});
