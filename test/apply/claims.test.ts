import { expect, test } from 'vitest';
import { createClaims } from '../../src/apply/claims.ts';
import { createFakeClock } from '../support/fake-clock.ts';

test('a name is claimed by one at a time', () => {
  const claims = createClaims(createFakeClock());
  const claim = claims.take('web', 'load');
  expect(claims.current('web')).toBe('load');
  expect(() => claims.take('web', 'remove')).toThrowError(/load is in progress/);
  claim.release();
  expect(claims.current('web')).toBeNull();
});

test('whoever waits for a name gets it one after another', async () => {
  const claims = createClaims(createFakeClock());
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
  const claims = createClaims(createFakeClock());
  const first = claims.take('web', 'load');
  first.release();
  claims.take('web', 'remove');
  first.release();
  expect(claims.current('web')).toBe('remove');
});

test('whoever waits with a timeout gives up with EALREADY, saying what is in progress, and leaves no timer', async () => {
  const clock = createFakeClock();
  const claims = createClaims(clock);
  const claim = claims.take('web', 'load');
  const patience = () => ({ ms: 500, until: clock.now() + 500 });
  const outcome = expect(claims.acquire('web', 'restart', patience())).rejects.toMatchObject({
    code: 'EALREADY',
    message: 'web: load is still in progress after 500 ms',
  });
  await clock.advance(500);
  await outcome;
  const patient = claims.acquire('web', 'restart', patience());
  claim.release();
  expect((await patient).action).toBe('restart');
  expect(clock.pending()).toBe(0);
});
