import { expect, test } from 'vitest';
import { createOverlap } from '../../src/cli/overlap.ts';
import type { LogRecord } from '../../src/model/documents.ts';

const record = (text: string, at: number): LogRecord => ({
  name: 'web',
  at: new Date(at).toISOString(),
  stream: 'stdout',
  level: 'info',
  text,
});

test('of what another daemon tells again only what was not shown is fresh, as often as it was not', () => {
  const overlap = createOverlap(() => 10_000);
  const shown = [record('old', 10_100), record('x', 13_000), record('x', 13_100), record('y', 14_000)];
  expect(overlap.fresh(shown)).toEqual(shown);
  // Two seconds before the last.
  expect(overlap.again()).toBe(10_000 - 12_000);
  const told = [
    record('x', 12_990),
    record('x', 13_090),
    record('x', 13_095),
    record('y', 13_990),
    record('z', 14_100),
    record('old', 14_200),
  ];
  expect(overlap.fresh(told).map(({ text }) => text)).toEqual(['x', 'z', 'old']);
});

test('nothing is asked for that was before the first daemon was asked', () => {
  const overlap = createOverlap(() => 10_000);
  overlap.fresh([record('x', 10_050)]);
  expect(overlap.again()).toBe(0);
});

test('a line from before the time that is asked for is not shown twice either, and one like it that comes later is', () => {
  const overlap = createOverlap(() => 10_000);
  overlap.fresh([record('early', 9_000), record('x', 10_050)]);
  expect(overlap.again()).toBe(0);
  const told = [record('early', 9_000), record('x', 10_040), record('y', 10_090), record('early', 10_100)];
  expect(overlap.fresh(told).map(({ text }) => text)).toEqual(['y', 'early']);
});
