import { expect, test } from 'vitest';
import { casesOf } from './cases.ts';

test.each([
  ['modules', 45],
  ['processes', 39],
  ['hosts', 26],
  ['packages', 31],
])('each case of the area %s has a test that names it', (area, last) => {
  const all = Array.from({ length: last }, (_, index) => index + 1);
  expect(all.filter((number) => !casesOf(area).has(number))).toEqual([]);
});
