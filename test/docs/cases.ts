import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const tests = join(import.meta.dirname, '..');
const folder = join(tests, 'cases');

/** Numbers of the cases that the titles of a file of tests begin with: `5. `, `5 and 6. `, `10, 11. `, `1-3. `. */
export function casesIn(file: string): Set<number> {
  const titles = readFileSync(join(folder, `${file}.test.ts`), 'utf8').matchAll(/'((?:\d+(?:\. and |, | and |-)?)+)\. /g);
  return new Set([...titles].flatMap(([, numbers = '']) => numbers.split(/\.? and |, /).flatMap(range)));
}

/** Of all files whose names begin so. */
export function casesOf(area: string): Set<number> {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${area}-`) && name.endsWith('.test.ts'));
  return new Set(files.flatMap((name) => [...casesIn(name.replace('.test.ts', ''))]));
}

/** Whether there is a test with that number or, as a text, with a title that begins so. */
export function hasTest(file: string, test: string): boolean {
  if (/^\d/.test(test)) return casesIn(file).has(Number(test));
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' }).filter((name) => basename(name) === `${file}.test.ts`);
  return files.some((name) => readFileSync(join(tests, name), 'utf8').includes(`'${test}`));
}

function range(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
