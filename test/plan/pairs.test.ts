import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parsePairs, textOf } from './support/pairs.ts';

const folder = join(import.meta.dirname, 'pairs');

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt') && name !== 'README.txt')) {
  describe(file, () => {
    for (const pair of parsePairs(readFileSync(join(folder, file), 'utf8'))) {
      test(pair.title, () => {
        expect(textOf(pair)).toBe(pair.plan);
      });
    }
  });
}
