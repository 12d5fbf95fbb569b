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
  expect(stdout).toMatch(/log: \{.*"maxSize":"10M"/);
});

test.concurrent.each([
  ['a folder that takes no folders', ['--state-dir', '/proc/state', 'up'], '/proc/state'],
  ['the same in the background', ['--state-dir', '/proc/state', 'up', '-d'], '/proc/state'],
  ['a file', ['--state-dir', 'muster.yaml', 'up'], 'muster.yaml is not a folder'],
  ['a path where a name belongs', ['--daemon', '../x', 'up'], '"../x" is no name of a daemon'],
])('%s as the place of a daemon is refused with exit code 1', async (_, line, says) => {
  await using place = await createPlace('version: 1\nmodules: {a: builtin:heartbeat}\n');
  const ran = await place.muster(...line);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr).toContain(says);
  expect(await place.processes()).toEqual([]);
});
