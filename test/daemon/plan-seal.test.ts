import { expect, test } from 'vitest';
import { createPlanSeal } from '../../src/daemon/plan-seal.ts';

const seal = createPlanSeal('a key');

test('what was sealed comes back with the same key and the same words about it, and else not at all', () => {
  const sealed = seal.seal('a secret text', 'about');
  expect(seal.open(sealed, 'about')).toBe('a secret text');
  expect(seal.open(sealed, 'about something else')).toBeNull();
  expect(createPlanSeal('another key').open(sealed, 'about')).toBeNull();
  expect(Buffer.from(sealed, 'base64url').includes('secret')).toBe(false);
  expect(seal.seal('a secret text', 'about')).not.toBe(sealed);
});

test('no byte of it can be another, and none can be missing', () => {
  const sealed = Buffer.from(seal.seal('a secret text', 'about'), 'base64url');
  for (const index of sealed.keys()) {
    const other = Buffer.from(sealed);
    other[index] = (other[index] ?? 0) ^ 1;
    expect(seal.open(other.toString('base64url'), 'about')).toBeNull();
    expect(seal.open(sealed.subarray(0, index).toString('base64url'), 'about')).toBeNull();
  }
});
