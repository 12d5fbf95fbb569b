import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, createPlace, run } from '../support/place.ts';

test('the module and the test that init writes run as they are, in a fresh folder with only muster installed', async () => {
  await using place = await createPlace();
  expect(await place.muster('init', 'module', 'counter')).toMatchObject({ code: 0, stderr: '' });
  // As npm links the command of an installed package.
  await mkdir(join(place.dir, 'node_modules/.bin'), { recursive: true });
  const command = await place.write('node_modules/.bin/muster', `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  await chmod(command, 0o755);
  const tested = await run(['--test', '--test-reporter=tap', 'counter.test.mjs'], join(place.dir, 'unused'), {
    cwd: place.dir,
    env: { TMPDIR: place.dir },
  });
  expect(tested, tested.stdout).toMatchObject({ code: 0 });
  expect(tested.stdout).toMatch(/^# pass 3$/m);
});
