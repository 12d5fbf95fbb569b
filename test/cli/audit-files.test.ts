import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { auditFilesIn } from '../../src/cli/audit-files.ts';

function log() {
  const dir = mkdtempSync(join(tmpdir(), 'muster-audit-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'audit.log');
  const write = (...numbers: number[]): void => appendFileSync(path, numbers.map((seq) => `${JSON.stringify({ seq })}\n`).join(''));
  const rotate = (): void => {
    for (const age of [2, 1, 0]) {
      try {
        renameSync(age === 0 ? path : `${path}.${age}`, `${path}.${age + 1}`);
      } catch {
        // There are not so many yet.
      }
    }
  };
  const files = auditFilesIn(dir);
  return { path, write, rotate, files, read: async (most?: number) => (await files.read(most)).map(({ seq }) => seq) };
}

test('the last lines are found over rotated files, and no more of them than are wanted', async () => {
  const { write, rotate, files, read, path } = log();
  expect([await read(3), files.exists]).toEqual([[], false]);
  write(1, 2);
  rotate();
  write(3);
  rotate();
  write(4, 5);
  expect(await read(4)).toEqual([2, 3, 4, 5]);
  const other = auditFilesIn(join(path, '..'));
  expect([(await other.read(0)).length, other.exists]).toEqual([0, true]);
  expect((await auditFilesIn(join(path, '..')).read()).length).toBe(5);
});

test('what is written after it was read comes next, once, also where the files were rotated meanwhile', async () => {
  const { write, rotate, read } = log();
  write(1);
  expect(await read(10)).toEqual([1]);
  expect(await read()).toEqual([]);
  write(2);
  rotate();
  // Between a rotation and the next line there is no newest file.
  expect(await read()).toEqual([2]);
  write(3);
  rotate();
  write(4);
  expect(await read()).toEqual([3, 4]);
  expect(await read()).toEqual([]);
});

test('half of a line is left until it is whole, and what is no line is left out and counted', async () => {
  const { path, read, files } = log();
  writeFileSync(path, '{"seq":1}\nnot json\n{"se');
  expect([await read(), files.damaged]).toEqual([[1], 1]);
  appendFileSync(path, 'q":2}\n');
  expect([await read(), files.damaged]).toEqual([[2], 1]);
});
