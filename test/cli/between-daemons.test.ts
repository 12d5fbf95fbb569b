import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { patiently } from '../../src/cli/between-daemons.ts';

let folder = '';
let coming = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-between-'));
  coming = join(folder, 'handover.sock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' });

/** Attempts, each of which does this and is refused; the one after them is answered. */
function attempts(...acts: (() => void)[]) {
  return async (): Promise<string> => {
    const act = acts.shift();
    if (act === undefined) return 'answered';
    act();
    throw refused;
  };
}
const comes = () => writeFileSync(coming, '');
const isThere = () => rmSync(coming);

test('who is refused while the next daemon comes asks again, also where that has come right after it was refused', async () => {
  comes();
  expect(
    await patiently(
      attempts(() => {}, isThere),
      coming,
    ),
  ).toBe('answered');
  expect(existsSync(coming)).toBe(false);
  expect(await patiently(attempts(comes), coming)).toBe('answered');
});

test('who is refused where nobody comes, or for another reason, asks once', async () => {
  await expect(
    patiently(
      attempts(() => {}),
      coming,
    ),
  ).rejects.toBe(refused);
  comes();
  const denied = Object.assign(new Error('no'), { code: 'EACCES' });
  await expect(patiently(() => Promise.reject(denied), coming)).rejects.toBe(denied);
});
