import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { escapingLink } from '../../../src/sources/git/links.ts';
import { fc } from '../../support/properties.ts';

test.each([
  [{ a: 'b' }, null],
  [{ a: '.' }, null],
  [{ 'd/a': '../b' }, null],
  [{ a: '..' }, 'a'],
  [{ a: '/b' }, 'a'],
  [{ 'd/a': '../../b' }, 'd/a'],
  [{ a: 'x/../../b' }, 'a'],
  [{ a: 'b/../..', b: 'x/y' }, null],
  [{ a: 'b/../../..', b: 'x/y' }, 'a'],
  [{ 'd/e/up': '.', 'd/e/a': 'up/../../..' }, 'd/e/a'],
  [{ a: 'a' }, null],
  [{ a: 'b', b: 'a/..' }, null],
])('of the links %j the one that leads out is %j', (links, out) => {
  expect(escapingLink(new Map(Object.entries(links)))).toBe(out);
});

test('what the system finds outside is never taken for inside', () => {
  const word = fc.constantFrom('a', 'b', 'c', '..', '.');
  const path = fc.constantFrom('a', 'b', 'c', 'd/a', 'd/b', 'd/e/c');
  const target = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(path, target), { maxLength: 5, selector: ([at]) => at }), (pairs) => {
      const base = mkdtempSync(join(tmpdir(), 'muster-links-'));
      try {
        const root = join(base, 'outer', 'root');
        mkdirSync(join(root, 'd/e'), { recursive: true });
        for (const [at, to] of pairs) symlinkSync(to, join(root, at));
        const links = new Map(pairs);
        if (escapingLink(links) !== null) return;
        for (const [at] of pairs) {
          const real = realOf(join(root, at));
          if (real !== null) expect(`${real}/`.startsWith(`${realpathSync(root)}/`), `${at}: ${dirname(real)}`).toBe(true);
        }
      } finally {
        rmSync(base, { recursive: true });
      }
    }),
    { numRuns: 200 },
  );
});

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
