import { expect, test } from 'vitest';
import { createFaultLog } from '../../../src/runners/inside/faults.ts';

const coded = (code: string, more = {}) => Object.assign(new Error('coded'), { code }, more);

test('what a handler did not mean to throw is written down with its stack, and an answer that is an error is not', () => {
  const written: string[] = [];
  const threw = createFaultLog(
    (text) => void written.push(text),
    () => 0,
  );
  for (const answer of [coded('ENOENT'), 'text', null, { message: 'm' }]) threw('shop.buy', answer);
  expect(written).toEqual([]);
  threw('shop.buy', new TypeError('odd'));
  expect(written[0]).toMatch(/^error: shop\.buy threw: TypeError: odd\n +at .*faults\.test\.ts/);
  threw('shop.buy', Object.assign(coded('ERR_INVALID_ARG_TYPE'), { message: 'of Node' }));
  threw('shop.buy', coded('ENOENT', { syscall: 'open' }));
  expect(written).toHaveLength(3);
});

test('the same is told once in a while, and not too many different ones', () => {
  const written: string[] = [];
  let now = 5000;
  const threw = createFaultLog(
    (text) => void written.push(text),
    () => now,
  );
  for (let n = 0; n < 1000; n += 1) threw('shop.buy', new Error('same'));
  expect(written).toHaveLength(1);
  for (let n = 0; n < 1000; n += 1) threw('shop.buy', new Error(`number ${n}`));
  expect(written).toHaveLength(8);
  now += 1000;
  threw('shop.buy', new Error('same'));
  expect(written).toHaveLength(9);
});
