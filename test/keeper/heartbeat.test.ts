import { expect, test } from 'vitest';
import { createHeartbeat } from '../../src/keeper/heartbeat.ts';
import { createFakeClock } from '../support/fake-clock.ts';

/** Somebody who is asked, and what becomes known of him. */
function watched() {
  const clock = createFakeClock();
  const known: string[] = [];
  const heart = createHeartbeat({
    clock,
    ask: () => known.push('asked'),
    silent: (isSilent) => known.push(isSilent ? 'silent' : 'well again'),
    hung: () => known.push('hung'),
  });
  return { clock, heart, known };
}

test('who answers is asked again and again, and nothing is said of him', async () => {
  const { clock, heart, known } = watched();
  for (let beat = 0; beat < 3; beat += 1) {
    await clock.advance(2000);
    await clock.advance(900);
    heart.answered();
  }
  expect(known).toEqual(['asked', 'asked', 'asked']);
  heart.stop();
  await clock.advance(60_000);
  expect(known.length).toBe(3);
  expect(clock.pending()).toBe(0);
});

test('who is late is said to be so, and goes on as before when he answers', async () => {
  const { clock, heart, known } = watched();
  await clock.advance(4900);
  expect(known).toEqual(['asked']);
  await clock.advance(15_000);
  expect(known).toEqual(['asked', 'silent']);
  heart.answered();
  await clock.advance(2000);
  expect(known).toEqual(['asked', 'silent', 'well again', 'asked']);
  await clock.advance(2900);
  expect(known.length).toBe(4);
});

test('who never answers hangs, and that is said once', async () => {
  const { clock, known } = watched();
  await clock.advance(120_000);
  expect(known).toEqual(['asked', 'silent', 'hung']);
  expect(clock.pending()).toBe(0);
});

test('a machine that slept, or a daemon that was busy, counts as one miss, however long that was', async () => {
  const { clock, heart, known } = watched();
  for (let night = 0; night < 30; night += 1) {
    await clock.advance(2000);
    // The timer comes late, and only after it what was to be read.
    clock.jump(8 * 3_600_000);
    await clock.advance(1000);
    heart.answered();
  }
  expect(new Set(known)).toEqual(new Set(['asked']));
});

test('an answer can be waited for', async () => {
  const { clock, heart, known } = watched();
  const order: string[] = [];
  void heart.answers().then(() => order.push('first'));
  void heart.answers().then(() => order.push('second'));
  expect(known).toEqual(['asked']);
  await clock.flush();
  expect(order).toEqual([]);
  heart.answered();
  await clock.flush();
  expect(order).toEqual(['first', 'second']);
  await clock.advance(1999);
  expect(known).toEqual(['asked']);
  await clock.advance(1);
  expect(known).toEqual(['asked', 'asked']);
});
