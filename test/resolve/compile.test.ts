import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createCompiler } from '../../src/resolve/compile.ts';

test('a compiler that is done takes nothing from another one that is at work', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-compile-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'code.mjs');
  await writeFile(file, 'export const main = () => 1;\n');
  const one = createCompiler({ stat: () => undefined });
  let disposed: Promise<void> | undefined;
  const other = createCompiler({
    stat() {
      disposed ??= one.dispose();
      return undefined;
    },
  });
  onTestFinished(other.dispose);
  await one.compile(file);
  const all = await Promise.all(Array.from({ length: 20 }, () => other.compile(file)));
  expect(disposed).toBeDefined();
  expect(all.map(({ sources }) => [...sources.keys()])).toEqual(Array.from({ length: 20 }, () => [file]));
});
