import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { barrier } from '../../src/runners/barrier.ts';

const identity = { uid: 54321, gid: 54321, groups: [], umask: null, rlimits: {}, noNewPrivileges: false };

test('what keeps a user from a file is the file or a folder on the way, and its groups may let it in', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'muster-barrier-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'dist', 'runner.cjs');
  mkdirSync(join(folder, 'dist'));
  writeFileSync(file, '', { mode: 0o640 });
  expect(barrier(identity, [file])).toContain(`uid 54321 cannot read ${file}, because ${folder} is closed to it: open it`);
  for (const path of [folder, join(folder, 'dist')]) chmodSync(path, 0o755);
  expect(barrier(identity, [file])).toContain(`cannot read ${file}: open it`);
  expect(barrier({ ...identity, groups: [process.getgid?.() ?? 0] }, [file])).toBeNull();
  chmodSync(file, 0o644);
  expect(barrier(identity, [file])).toBeNull();
  // Of one that is not there something else is to be said.
  expect(barrier(identity, [`${file}.none`])).toBeNull();
});
