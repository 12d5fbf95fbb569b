import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Spec } from '../../src/model/fields/table.ts';
import { createAccounts } from '../../src/resolve/accounts.ts';
import { moduleEnvironment } from '../../src/resolve/environment.ts';
import { lookOnce } from '../../src/resolve/files.ts';
import { identityOf } from '../../src/resolve/identity.ts';
import { configOf, entry, resolverIn, tempFolder } from './setting.ts';

const passwd = 'root:x:0:0:root:/root:/bin/bash\nweb:x:5001:5002:Web,,,:/srv/web:/bin/zsh\nbare:x:5003:5003:::\nbroken\n';
const group = 'root:x:0:\nweb:x:5002:\nstaff:x:5050:web,bare\nadm:x:5060:bare\n';
const root = { uid: 0, gid: 0 };

/** The identity that a spec asks for, on a machine with these accounts. */
function resolved(asked: object, self = root) {
  const folder = tempFolder({ passwd, group });
  return identityOf(asked as Spec, createAccounts({ user: join(folder, 'passwd'), group: join(folder, 'group') }), self);
}

test('a user brings its group and its groups, by name or by number', async () => {
  const identity = { uid: 5001, gid: 5002, groups: [5002, 5050], umask: null, rlimits: {}, noNewPrivileges: false };
  expect(await resolved({ user: 'web' })).toMatchObject({ identity, user: { name: 'web', home: '/srv/web', shell: '/bin/zsh' } });
  expect((await resolved({ user: '5001' })).identity).toEqual(identity);
  expect((await resolved({ user: 'bare' })).user).toMatchObject({ home: '/', shell: '/bin/sh' });
});

test('a group and groups that are named take the place of those of the user', async () => {
  expect((await resolved({ user: 'web', group: 'adm' })).identity).toMatchObject({ uid: 5001, gid: 5060, groups: [5060, 5050] });
  expect((await resolved({ user: 'web', groups: ['adm', '7'] })).identity).toMatchObject({ gid: 5002, groups: [5060, 7] });
  expect((await resolved({ user: 'web', groups: [] })).identity).toMatchObject({ groups: [] });
  expect((await resolved({ group: 'staff' })).identity).toMatchObject({ uid: null, gid: 5050, groups: [5050] });
});

test('a number without an entry needs a group beside it', async () => {
  await expect(resolved({ user: '9999' })).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringContaining('9999') });
  expect(await resolved({ user: '9999', group: '8' })).toMatchObject({
    identity: { uid: 9999, gid: 8, groups: [8] },
    user: { name: '9999', home: '/', shell: '/bin/sh' },
  });
});

test('an unknown user or group is named, with what may have been meant', async () => {
  await expect(resolved({ user: 'wbe' })).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('user "wbe"') });
  await expect(resolved({ user: 'webb' })).rejects.toMatchObject({ hint: 'did you mean web' });
  await expect(resolved({ user: 'web', groups: ['no-such-group'] })).rejects.toThrow('there is no group "no-such-group"');
  await expect(resolved({ user: '-s' })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('root is refused unless that is allowed, by name and by number', async () => {
  for (const user of ['root', '0']) {
    await expect(resolved({ user })).rejects.toMatchObject({ code: 'EPERM', hint: expect.stringContaining('allowRoot: true') });
    expect((await resolved({ user, allowRoot: true })).identity).toMatchObject({ uid: 0, gid: 0, groups: [0] });
  }
});

test('a daemon that is not root runs modules as itself alone', async () => {
  const self = { uid: 5001, gid: 5002 };
  for (const asked of [{ user: 'bare' }, { group: 'staff' }, { groups: ['staff'] }]) {
    await expect(resolved(asked, self)).rejects.toMatchObject({ code: 'EPERM', hint: expect.stringContaining('root') });
  }
  expect((await resolved({ user: 'web', umask: '0027' }, self)).identity).toMatchObject({
    uid: null,
    gid: null,
    groups: null,
    umask: 0o27,
  });
});

test('umask, limits and privileges alone leave the user as it is', async () => {
  const asked = { umask: '0022', rlimits: { nofile: '1024', core: 'unlimited', nproc: undefined }, noNewPrivileges: true };
  expect(await resolved(asked)).toEqual({
    identity: { uid: null, gid: null, groups: null, umask: 0o22, rlimits: { nofile: '1024', core: 'unlimited' }, noNewPrivileges: true },
    user: null,
  });
  expect(await resolved({})).toEqual({ identity: null, user: null });
});

test('users that files do not know are asked of getent', async () => {
  const accounts = createAccounts({ user: '/nowhere', group: '/nowhere' });
  expect(await accounts.user('root')).toMatchObject({ uid: 0, gid: 0 });
  expect(await accounts.group('root')).toMatchObject({ gid: 0 });
  expect(await accounts.groupsOf({ name: 'root', uid: 0, gid: 0, home: '/', shell: '/bin/sh' })).toContain(0);
});

test('another version of the accounts is told from the last', () => {
  const folder = tempFolder({ passwd, group });
  const accounts = createAccounts({ user: join(folder, 'passwd'), group: join(folder, 'group') });
  const before = accounts.version(lookOnce());
  expect(accounts.version(lookOnce())).toBe(before);
  writeFileSync(join(folder, 'group'), `${group}more:x:9:\n`);
  expect(accounts.version(lookOnce())).not.toBe(before);
});

test('the environment is that of the user, unless the module says otherwise', () => {
  const user = { name: 'web', home: '/srv/web', shell: '/bin/zsh' };
  const daemon = { PATH: '/bin', HOME: '/root', USER: 'root', SHELL: '/bin/bash' };
  expect(moduleEnvironment(daemon, { SHELL: '/bin/dash', USER: null }, user)).toEqual({
    PATH: '/bin',
    HOME: '/srv/web',
    SHELL: '/bin/dash',
  });
});

test('an unknown user is a problem of the module, and one that is known goes into what a start needs', async () => {
  const folder = tempFolder();
  const resolver = resolverIn(folder);
  const run = async (name: string, more: object) => {
    const desired = (await resolver.resolve(configOf([entry(name, 'command', { command: ['true'], cwd: folder, ...more })]))).get(name);
    if (desired === undefined) throw new Error('not resolved');
    return desired;
  };
  expect((await run('bad', { user: 'nobody-at-all' })).problem).toMatchObject({ code: 'ENOENT' });
  expect((await run('root', { user: 'root' })).problem).toMatchObject({ code: 'EPERM' });
  const material = await resolver.material(await run('good', { umask: '027' }));
  expect(material.identity).toMatchObject({ umask: 0o27, uid: null });
  expect('identity' in (await resolver.material(await run('plain', {})))).toBe(false);
});

test('what this machine cannot do is a problem of the module that asks for it', async () => {
  const folder = tempFolder();
  const refusal = { code: 'ENOSYS', message: 'not here', hint: 'elsewhere' } as const;
  const resolver = resolverIn(folder, { unable: (spec) => ('ready' in spec && 'notify' in spec.ready ? refusal : null) });
  const problemOf = async (name: string, ready: unknown) =>
    (await resolver.resolve(configOf([entry(name, 'command', { command: ['true'], cwd: folder, ready })]))).get(name)?.problem;
  expect(await problemOf('told', 'notify')).toEqual(refusal);
  expect(await problemOf('plain', 'alive')).toBeUndefined();
});

test('as whom a module runs takes tools, which are asked for before anything is stopped, also for code', async () => {
  const folder = tempFolder({ 'm.mjs': 'export async function main() {}\n' });
  const refusal = { code: 'ENOTSUP', message: 'no tool', hint: 'Install it.' } as const;
  const resolver = resolverIn(folder, { unable: (_spec, identity) => (identity?.umask === 0o27 ? refusal : null) });
  const problemOf = async (name: string, kind: 'code' | 'command', spec: Record<string, unknown>) =>
    (await resolver.resolve(configOf([entry(name, kind, spec)]))).get(name)?.problem;
  const command = { command: ['true'], cwd: folder };
  const code = { module: join(folder, 'm.mjs'), isolation: 'process' };
  expect(await problemOf('a', 'command', { ...command, umask: '027' })).toEqual(refusal);
  expect(await problemOf('b', 'command', { ...command, umask: '022' })).toBeUndefined();
  expect(await problemOf('c', 'code', { ...code, umask: '027' })).toEqual(refusal);
  expect(await problemOf('d', 'code', { ...code, umask: '022' })).toBeUndefined();
});

test.runIf(process.getuid?.() === 0)('a program that another user cannot get at is a problem of the plan', async () => {
  const folder = tempFolder({ 'p.sh': '#!/bin/sh\n' });
  chmodSync(join(folder, 'p.sh'), 0o755);
  const problemOf = async (user: object) =>
    (await resolverIn(folder).resolve(configOf([entry('p', 'command', { command: ['./p.sh'], cwd: folder, ...user })]))).get('p')?.problem;
  expect(await problemOf({ user: 'nobody' })).toMatchObject({
    code: 'EACCES',
    message: expect.stringContaining(`lies in ${folder}, which`),
  });
  expect(await problemOf({})).toBeUndefined();
  chmodSync(folder, 0o711);
  expect(await problemOf({ user: 'nobody' })).toBeUndefined();
});
