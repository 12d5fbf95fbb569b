import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';

test('list of a service, and info of a module, that are not there say so; info shows the spec as it is written', async () => {
  await using place = await createPlace(
    'version: 1\nmodules:\n  web: {command: [sleep, "1000"], stopTimeout: 90s, restart: {limit: {count: 3, within: 10m}}}\n',
  );
  await place.up();
  const list = await place.muster('list', 'nope');
  expect(list).toMatchObject({ code: 1, stdout: '' });
  expect(list.stderr).toContain('no service "nope" (ENOSYS)');
  expect((await place.muster('list', 'web')).stdout).toMatch(/^Module .*Why\n$/);

  const info = await place.muster('info', 'nope');
  expect(info).toMatchObject({ code: 1, stdout: '' });
  expect(info.stderr).toContain('no module "nope" is loaded; loaded: web (ENOENT)');
  const { stdout } = await place.muster('info', 'web');
  expect(stdout).toContain('stopTimeout: 1m30s\n');
  expect(stdout).toContain('"within":"10m"');
  expect(stdout).toContain('log: {"maxSize":"10M"');
});
