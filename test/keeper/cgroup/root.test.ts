import { expect, test } from 'vitest';
import { folderOf, legacyControllers, mountOf } from '../../../src/keeper/cgroup/mount.ts';
import { chooseRoot } from '../../../src/keeper/cgroup/root.ts';

const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const hybrid = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');

test('the mount is found on hybrid hosts as well, whatever its path is made of', () => {
  expect(mountOf(unified)).toEqual({ point: '/sys/fs/cgroup', root: '/' });
  expect(mountOf(hybrid)).toEqual({ point: '/sys/fs/cgroup/unified', root: '/' });
  expect(mountOf('30 23 0:26 /a /mnt/my\\040groups rw - cgroup2 none rw')).toEqual({ point: '/mnt/my groups', root: '/a' });
  expect(mountOf('31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw')).toBeNull();
});

test('the own cgroup is a folder below the mount, as far as that shows it', () => {
  const mount = { point: '/cg', root: '/' };
  expect(folderOf(mount, '0::/system.slice/muster.service\n')).toBe('/cg/system.slice/muster.service');
  expect(folderOf(mount, '9:name=systemd:/\n0::/\n')).toBe('/cg');
  expect(folderOf({ point: '/cg', root: '/docker/1' }, '0::/docker/1/web\n')).toBe('/cg/web');
  expect(folderOf({ point: '/cg', root: '/docker/1' }, '0::/docker/12\n')).toBeNull();
  expect(folderOf(mount, '0::/../other\n')).toBeNull();
  expect(folderOf(mount, '4:memory:/\n')).toBeNull();
});

test('controllers that are mounted as v1 are known with their places', () => {
  expect([...legacyControllers(hybrid)]).toEqual([
    ['memory', '/sys/fs/cgroup/memory'],
    ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
    ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
  ]);
});

test.each([
  ['a service of root has its own', '/system.slice/muster.service', 0, 'all', '/system.slice/muster.service true'],
  ['a service that systemd put one down', '/system.slice/muster.service/main', 0, 'all', '/system.slice/muster.service true'],
  ['a service that went one down itself', '/system.slice/muster.service/muster-daemon', 0, 'all', '/system.slice/muster.service true'],
  ['root in a terminal is below the mount', '/user.slice/user-0.slice/session-3.scope', 0, 'all', ' false'],
  ['root at the top is below the mount', '/', 0, 'all', ' false'],
  ['a user in a delegated scope', '/user.slice/app.slice/term.scope', 1000, 'term', '/user.slice/app.slice/term.scope false'],
  ['a user in a session of the system', '/user.slice/user-1000.slice/session-3.scope', 1000, 'none', 'none'],
  ['a container that mounts it for reading', '/', 0, 'none', 'none'],
])('%s', (_title, own, uid, writable, wanted) => {
  const root = chooseRoot({
    mountinfo: unified,
    own: `0::${own}\n`,
    uid,
    writable: (folder) => writable === 'all' || (writable !== 'none' && folder.includes(writable)),
  });
  expect('folder' in root ? `${root.folder.slice('/sys/fs/cgroup'.length)} ${root.delegated}` : 'none').toBe(wanted);
});

test('where there is none, the problem and a remedy are told', () => {
  const nothing = { own: '0::/\n', uid: 0, writable: () => false };
  expect(chooseRoot({ ...nothing, mountinfo: '' })).toMatchObject({ problem: 'no cgroup v2 is mounted', hint: expect.any(String) });
  expect(chooseRoot({ ...nothing, mountinfo: unified })).toMatchObject({ problem: expect.stringContaining('writable') });
});
