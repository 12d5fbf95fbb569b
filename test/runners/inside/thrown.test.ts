import { expect, test } from 'vitest';
import { toThrown } from '../../../src/runners/inside/thrown.ts';

test.each([
  [null, 'null'],
  ['text', "'text'"],
  [{ code: 'EACCES' }, "{ code: 'EACCES' }"],
])('of %o, which is no error, it says so', (value, shown) => {
  expect(toThrown(value)).toEqual({ code: 'EFAILED', message: `${shown} (no Error, so nothing tells where)`, stack: shown });
});

test('however much is thrown, what is passed on of it is bounded', () => {
  const much = 'x'.repeat(5_000_000);
  for (const value of [much, { much, more: [much, much] }, new Error(much), new Array(1_000_000).fill(much.slice(0, 900))]) {
    const { message, stack } = toThrown(value);
    expect(message.length).toBeLessThan(17 * 1024);
    expect(stack.length).toBeLessThan(65 * 1024);
  }
});
