import { expect, test } from 'vitest';
import { createClaims } from '../../src/apply/claims.ts';

test('a name is claimed by one at a time', () => {
  const claims = createClaims();
  const claim = claims.take('web', 'load');
  expect(claims.current('web')).toBe('load');
  expect(() => claims.take('web', 'remove')).toThrowError(/load is in progress/);
  claim.release();
  expect(claims.current('web')).toBeNull();
});

test('whoever waits for a name gets it one after another', async () => {
  const claims = createClaims();
  const first = claims.take('web', 'load');
  const order: string[] = [];
  const waiting = ['a', 'b', 'c'].map(async (who) => {
    const claim = await claims.acquire('web', who);
    order.push(who);
    expect(claims.current('web')).toBe(who);
    claim.release();
  });
  first.release();
  await Promise.all(waiting);
  expect(order.sort()).toEqual(['a', 'b', 'c']);
});

test('releasing twice does not free the claim of another', () => {
  const claims = createClaims();
  const first = claims.take('web', 'load');
  first.release();
  claims.take('web', 'remove');
  first.release();
  expect(claims.current('web')).toBe('remove');
});
