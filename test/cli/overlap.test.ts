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

test('lines that are as old as the first one that was asked for, and lie before it, are not shown', () => {
  const overlap = createOverlap(() => 10_000);
  overlap.fresh([record('second', 10_050), record('third', 10_090)]);
  expect(overlap.again()).toBe(0);
  const told = [
    record('first', 10_050),
    record('second', 10_050),
    record('third', 10_050),
    record('fourth', 10_080),
    record('first', 10_100),
  ];
  expect(overlap.fresh(told).map(({ text }) => text)).toEqual(['fourth', 'first']);
});
