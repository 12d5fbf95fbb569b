import { readFileSync } from 'node:fs';
import { chmod, cp, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { barrier, programFiles } from '../../src/runners/barrier.ts';
import { cli, createPlace, isAlive, json, run, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const identity = { uid: 65534, gid: 65534, groups: [], umask: null, rlimits: {}, noNewPrivileges: false };
const whyNot =
  process.getuid?.() === 0
    ? barrier(identity, programFiles(join(dirname(cli), 'runner.cjs')))
    : 'only root can run modules as another user';

const nobody = `isolation: process
    user: nobody
    group: nogroup
    groups: [nogroup, "12345"]
    umask: "027"
    rlimits: {nofile: 300}
    noNewPrivileges: true`;

test('a code module is the user it asks for, and all else is as for others', async ({ skip }) => {
  skip(whyNot !== null, whyNot ?? '');
  await using place = await createPlace(`version: 1
modules:
  web:
    module: ${fixture('tells-user.mjs')}
    ${nobody}
    env: {SHELL: /bin/own}
  z.gateway:
    module: ${fixture('gateway.mjs')}
    service: none
    isolation: process
    user: nobody
    provides: [gateway]
  gateway.guest: ${fixture('tiny.mjs')}
`);
  await place.up();
  using daemon = await talk(place);
  expect(await daemon.ask('web.who')).toEqual({
    ...{ uid: 65534, gid: 65534, groups: [12345, 65534], umask: 0o27, files: ['300', '300'], noNewPrivileges: '1' },
    home: '/nonexistent',
    env: ['/nonexistent', 'nobody', '/bin/own'],
  });
  // The state dir is closed to it, and whom it loads is who it is.
  expect((await daemon.refusal('web.reads', join(place.stateDir, 'key'))).message).toContain('EACCES');
  expect(await daemon.ask('gateway.guest.echo', 7)).toBe(7);

  const { pid, isolation, containment } = await place.module('web');
  expect([isolation, containment]).toEqual(['process', (await place.status()).containment]);
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(readFileSync(join(place.stateDir, 'log', 'web.log'), 'utf8')).toContain('begun');
  expect(json(await place.muster('stats', 'web'))).toMatchObject({ rx: { request: expect.any(Number) } });
  expect(await daemon.ask('web.rusage', { who: 'thread' })).toMatchObject({ utime: expect.any(Number) });

  await daemon.ask('web.count');
  expect((await place.muster('reload', 'web')).code).toBe(0);
  expect((await place.module('web')).pid).not.toBe(pid);
  expect(await daemon.ask('web.count')).toBe(2);
  const line =
    readFileSync(fixture('tells-user.mjs'), 'utf8')
      .split('\n')
      .findIndex((text) => text.includes('made here')) + 1;
  expect(await daemon.ask('web.stack')).toContain(`${fixture('tells-user.mjs')}:${line}:`);

  // What left its group is ended with the daemon wherever there is a cgroup to end.
  const left = await daemon.ask<number>('web.leaves');
  const { pid: runner } = await place.module('web');
  await place.kill();
  await until(() => !isAlive(runner ?? 0), 'the runner has ended with its daemon');
  if (containment === 'cgroup') await until(() => !isAlive(left), 'what it started has ended, too');
  await place.up();
  expect(await place.module('web')).toMatchObject({ state: 'R' });
  expect((await place.muster('remove', 'web')).code).toBe(0);
  expect(isAlive(left)).toBe(false);
});

test('a module whose user cannot read muster fails with the file and what to do', async ({ skip }) => {
  skip(whyNot !== null, whyNot ?? '');
  await using place = await createPlace(`version: 1
modules:
  web: {module: ${fixture('tiny.mjs')}, isolation: process, user: nobody, restart: {policy: never}}
`);
  await cp(dirname(cli), join(place.dir, 'dist'), { recursive: true });
  await symlink(join(import.meta.dirname, '../../node_modules'), join(place.dir, 'node_modules'));
  await chmod(place.dir, 0o700);
  const options = { cwd: place.dir, env: { TMPDIR: place.dir } };
  const ran = await run([join(place.dir, 'dist', 'cli.cjs'), 'up', '-d', '-c', 'muster.yaml'], place.stateDir, options);
  const text = `uid 65534 cannot read ${join(place.dir, 'dist', 'runner.cjs')}, because ${place.dir} is closed to it: open it (chmod o+rX)`;
  expect(ran.stdout + ran.stderr).toContain(text);
});
