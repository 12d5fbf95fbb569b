import { expect, test } from 'vitest';
import { type FindTool, launchFailure, launchLine, missingTool } from '../../src/keeper/launcher.ts';
import type { Identity } from '../../src/model/keeper.ts';
import { spec } from './support/keeper.ts';

const find: FindTool = (name) => `/bin/${name}`;
const plain: Identity = { uid: null, gid: null, groups: null, umask: null, rlimits: {}, noNewPrivileges: false };
const procs = '/cg/web/cgroup.procs';

test('without a cgroup and another identity a program is executed as it is', () => {
  const line = { file: '/bin/true', argv0: 'true', args: ['-x', ''] };
  expect(launchLine(spec(['true', '-x', '']), '/bin/true', null, find)).toEqual(line);
  expect(launchLine(spec(['true', '-x', ''], { identity: plain }), '/bin/true', null, find)).toEqual(line);
});

test('privileges go after the cgroup was joined, limits before them', () => {
  const identity = { ...plain, uid: 33, gid: 34, groups: [4, 5], umask: 0o27, rlimits: { nofile: '10:20' }, noNewPrivileges: true };
  const { file, args } = launchLine(spec(['true', 'a b'], { identity }), '/bin/true', procs, find);
  const [, script, , ...words] = args;
  expect(file).toBe('/bin/sh');
  expect(words.map((word) => (word === script ? 'SCRIPT' : word))).toEqual([
    ...[procs, '027', 'PWD OLDPWD SHLVL'],
    ...['/bin/prlimit', '--nofile=10:20'],
    ...['/bin/setpriv', '--reuid=33', '--regid=34', '--groups=4,5', '--no-new-privs'],
    ...['/bin/sh', '-c', 'SCRIPT', 'muster', '', '', 'PWD OLDPWD SHLVL', '/bin/true', 'a b'],
  ]);
});

test('groups are none, those of the daemon, or these', () => {
  const groupsOf = (groups: number[] | null) =>
    launchLine(spec(['true'], { identity: { ...plain, gid: 1, groups } }), '/bin/true', null, find).args.find((word) =>
      /groups/.test(word),
    );
  expect([groupsOf(null), groupsOf([]), groupsOf([7])]).toEqual(['--keep-groups', '--clear-groups', '--groups=7']);
});

test('a tool that is missing is named with what needs it', () => {
  const only =
    (name: string): FindTool =>
    (tool) =>
      tool === name ? `/bin/${tool}` : null;
  const identity = { ...plain, uid: 1 };
  expect(() => launchLine(spec(['true'], { identity }), '/bin/true', null, only('sh'))).toThrow(/^setpriv is not on this machine/);
  expect(() => launchLine(spec(['true'], { arg0: 'web' }), '/bin/true', procs, only('sh'))).toThrow(
    /^perl is not on this machine, and `arg0`/,
  );
});

test('what a launch would fail for is known without a program, and only of what is asked for', () => {
  const without =
    (name: string): FindTool =>
    (tool) =>
      tool === name ? null : `/bin/${tool}`;
  const missing = (name: string, identity: Partial<Identity>, more: object = {}) =>
    missingTool({ identity: { ...plain, ...identity }, env: { PATH: '/bin' }, ...more }, without(name));
  const setpriv = { code: 'ENOTSUP', message: expect.stringMatching(/^setpriv is not on this machine/), hint: 'Install util-linux.' };
  expect(missing('setpriv', { uid: 1 })).toEqual(setpriv);
  expect(missing('setpriv', { noNewPrivileges: true })).toEqual(setpriv);
  expect(missing('setpriv', { rlimits: { nofile: '10' }, umask: 0 })).toBe(null);
  expect(missing('prlimit', { rlimits: { nofile: '10' } })?.message).toMatch(/^prlimit is not on this machine, and `rlimits`/);
  expect(missing('prlimit', { uid: 1, gid: 1, groups: [] })).toBe(null);
  expect(missing('perl', { umask: 0o77 })).toBe(null);
  expect(missing('perl', { umask: 0o77 }, { arg0: 'web' })?.hint).toBe('Install perl.');
  expect(missing('perl', { umask: 0o77 }, { env: { 'a.b': '' } })?.hint).toBe('Install perl.');
  expect(missing('sh', { umask: 0o77 })?.hint).toBe('Install a POSIX shell.');
});

test('only the death of a launcher is a failure to execute', () => {
  const what = spec(['web']);
  const line = { file: '/bin/sh', argv0: 'muster', args: [] };
  const code = (signal: string | null, ranMs = 1, by = line) => launchFailure({ code: null, signal }, ranMs, by, what, '/bin/web')?.code;
  expect(code('SIGSTKFLT')).toBe('ENOENT');
  expect(code('SIGPWR')).toBe('EACCES');
  expect(code('SIGTERM')).toBeUndefined();
  expect(code('SIGPWR', 60_000)).toBeUndefined();
  expect(code('SIGPWR', 1, { ...line, file: '/bin/web' })).toBeUndefined();
});
