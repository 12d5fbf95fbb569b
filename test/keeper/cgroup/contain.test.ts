import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endLeftCgroups } from '../../../src/keeper/cgroup/contain.ts';
import { mayEnter } from '../../../src/keeper/cgroup/enter.ts';
import { cgroup } from '../../../src/model/fields/cgroup.ts';
import { cgroupOf, daemon, livingIn, noCgroups, ownCgroup, rootFolder } from '../support/cgroups.ts';
import { clock, keeper, runs, spec, tempDir, until } from '../support/keeper.ts';

const printArgv = [process.execPath, join(import.meta.dirname, '../fixtures/print-argv.mjs')];
const auto = { containment: 'auto' as const };
/** What takes a shell to start. */
const masked = { uid: null, gid: null, groups: null, umask: 0o27, rlimits: {}, noNewPrivileges: false };

/** A program that says `ready` and stays, after whatever the script does. */
const sh = (script: string): string[] => ['sh', '-c', `${script}; echo ready; exec sleep 1000`];

/** `setsid` twice, in an environment of nothing. */
const escapes = 'env -i setsid sh -c "setsid sleep 1000 & echo escaped"';

async function started(argv: string[], more: Parameters<typeof spec>[1] = {}) {
  const { keeper: it, journal } = keeper();
  const here = daemon();
  const what = spec(argv, { ...auto, lease: here.lease(), ...more });
  const child = await it.spawn(what);
  await until(() => what.output().includes('ready'));
  return { it, here, what, child, journal, folder: child.cgroup as string };
}

async function run(argv: string[], more: Parameters<typeof spec>[1] = {}) {
  const { keeper: it } = keeper();
  const what = spec(argv, { ...auto, lease: daemon().lease(), ...more });
  const child = await it.spawn(what);
  const exit = await child.exited;
  await child.killTree();
  return { exit, output: what.output(), child };
}

const available = noCgroups === null ? readFileSync(join(rootFolder, 'cgroup.controllers'), 'utf8').trim().split(' ') : [];

describe.skipIf(noCgroups !== null)('with cgroups', () => {
  test('a program has a cgroup of its own and is itself what was started; nothing is left of either', async () => {
    const { here, child, folder } = await started(sh('true'));
    expect(folder).toBe(join(here.folder, 'web'));
    expect(child.containment).toBe('cgroup');
    // It says `ready` before it becomes what stays.
    await expect.poll(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8'), { interval: 5 }).toBe('sleep\n');
    expect(cgroupOf(child.pid)).toBe(folder);
    await child.killTree();
    expect(existsSync(here.folder)).toBe(false);
  });

  test.each([[{}], [{ identity: masked }]])('arguments, environment and name arrive as they were given, %j', async (more) => {
    const args = ['a b', '', '$HOME', ';', '*', '"', "'", '\\', '-n', 'ü\n'];
    const env = { PATH: process.env.PATH ?? '', EMPTY: '', A: ' $x ' };
    const lease = daemon().lease();
    const seen = JSON.parse((await run([...printArgv, ...args], { env, lease, ...more })).output);
    expect(seen.argv).toEqual(args);
    expect(seen.env).toEqual({ ...env, MUSTER_LEASE: lease });
    const odd = { ...env, 'a.b-c': '1', PWD: '/nonsense', IFS: 'x' };
    const named = JSON.parse((await run([...printArgv, ...args], { env: odd, arg0: 'my web', lease, ...more })).output);
    expect(named).toMatchObject({ argv: args, argv0: 'my web', env: { ...odd, MUSTER_LEASE: lease } });
  });

  test('who starts programs is in their cgroup for that moment only, and not at all where it would be held or counted', async () => {
    const home = cgroupOf(process.pid);
    expect((await run(['true'])).exit).toEqual({ code: 0, signal: null });
    await expect(run(['/etc/hostname/none'])).rejects.toThrow();
    expect(cgroupOf(process.pid)).toBe(home);
    const folder = ownCgroup('muster-test-enter');
    mkdirSync(join(folder, 'below'));
    expect(mayEnter(folder)).toBe(true);
    writeFileSync(join(folder, 'cgroup.freeze'), '1');
    expect([folder, join(folder, 'below')].map(mayEnter)).toEqual([false, false]);
    writeFileSync(join(folder, 'cgroup.freeze'), '0');
    expect(mayEnter(join(folder, 'below'))).toBe(true);
    const controller = available.find((name) => ['memory', 'pids', 'cpuset'].includes(name));
    if (controller === undefined) return;
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    expect(mayEnter(join(folder, 'below'))).toBe(false);
  });

  test('what cannot be executed is told apart from a program that exits with 126 or 127', async () => {
    expect((await run(['sh', '-c', 'exit 127'])).exit).toEqual({ code: 127, signal: null });
    expect((await run(['sh', '-c', 'exit 126'])).exit).toEqual({ code: 126, signal: null });
    const dir = await tempDir();
    const file = join(dir, 'foreign');
    const program = (await readFile('/bin/true')).toString('latin1').replace(/\/ld-linux/, '/ld-nobod');
    await writeFile(file, program, { encoding: 'latin1', mode: 0o755 });
    const noLoader = { code: 'ENOENT', message: `${file} is there, but the loader it names is not` };
    await expect(run([file])).rejects.toMatchObject(noLoader);
    expect((await run([file], { identity: masked })).exit.failure).toMatchObject(noLoader);
    await chmod(dir, 0o755);
    await writeFile(join(dir, 'private'), '#!/bin/sh\n', { mode: 0o700 });
    if (process.getuid?.() !== 0) return;
    const identity = { uid: 65534, gid: 65534, groups: [], umask: null, rlimits: {}, noNewPrivileges: false };
    expect((await run([join(dir, 'private')], { identity })).exit.failure).toMatchObject({ code: 'EACCES' });
    expect((await run(['true'], { identity, arg0: 'named' })).exit).toEqual({ code: 0, signal: null });
  });

  test('who left the session, scrubbed the environment and made cgroups below is gone when the tree is', async () => {
    const { here, child, folder } = await started(sh(escapes));
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    const pids = await livingIn(folder);
    expect(pids.length).toBeGreaterThan(1);
    writeFileSync(join(folder, 'a/b/cgroup.procs'), String(pids.at(-1)));
    expect(await livingIn(folder)).toEqual(pids);
    await child.killTree();
    expect(await Promise.all(pids.map(runs))).toEqual(pids.map(() => false));
    expect(existsSync(here.folder)).toBe(false);
  });

  test('a signal reaches each process of the tree once', async () => {
    const dir = await tempDir();
    const count = `trap 'echo x >> ${dir}/$$; kill %1' USR1; sleep 1000 & echo ready; while :; do wait; done`;
    await writeFile(join(dir, 'count.sh'), count);
    const { child, what } = await started(['sh', '-c', `setsid sh ${dir}/count.sh & sh ${dir}/count.sh`]);
    await until(() => what.output() === 'ready\nready\n');
    child.signal('SIGUSR1');
    const files = () => readdirSync(dir).filter((name) => name !== 'count.sh');
    await until(() => files().length >= 2);
    child.signal('SIGCONT'); // later than all others
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(files().map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(['x\n', 'x\n']);
  });

  test('what forks continuously does not get away', async () => {
    const dir = await tempDir();
    const forks = '(setsid sh -c "while :; do sleep 0.01 & sleep 0.01; done" &); echo ready; exec sleep 1000';
    await writeFile(join(dir, 'forks.sh'), forks);
    const { child, folder, here } = await started(['sh', join(dir, 'forks.sh')]);
    await until(async () => (await livingIn(folder)).length > 2);
    child.signal('SIGTERM');
    await until(async () => (await livingIn(folder)).length === 0);
    await child.killTree();
    expect(existsSync(here.folder)).toBe(false);
  });

  test('of 60 starts of a program that forks at once nothing is ever outside', async () => {
    const { keeper: it } = keeper();
    const here = daemon();
    const forks = [
      'sh',
      '-c',
      '(setsid sh -c "grep 0:: /proc/self/cgroup; exec sleep 1000" &); grep 0:: /proc/self/cgroup; exec sleep 1000',
    ];
    for (let round = 0; round < 6; round += 1) {
      const starts = Array.from({ length: 10 }, async (_, index) => {
        const what = spec(forks, { ...auto, lease: here.lease(), name: `forks${index}` });
        const child = await it.spawn(what);
        await until(() => what.output().split('\n').length > 2);
        const own = cgroupOf(child.pid);
        expect(own).toBe(join(here.folder, `forks${index}`));
        const said = what.output().trim().split('\n');
        expect(said.map((line) => line.slice(line.indexOf('/muster/')))).toEqual([`/muster/${here.owner}forks${index}`, said[0]?.slice(3)]);
        const pids = await livingIn(child.cgroup as string);
        await child.killTree();
        expect(await Promise.all(pids.map(runs))).toEqual(pids.map(() => false));
      });
      await Promise.all(starts);
    }
    expect(existsSync(here.folder)).toBe(false);
  });

  test('two daemons with a module of the same name do not touch each other', async () => {
    const [one, other] = [await started(sh('true')), await started(sh('true'))];
    expect(one.folder).not.toBe(other.folder);
    await one.child.killTree();
    expect(await endLeftCgroups(one.here.owner, new Set(), clock)).toEqual([]);
    expect(await runs(other.child.pid)).toBe(true);
    expect(existsSync(other.folder)).toBe(true);
  });

  test('an empty cgroup that was left over is made anew, and beside one with processes another is made', async () => {
    const here = daemon();
    mkdirSync(join(here.folder, 'web/nested/deep'), { recursive: true });
    const first = await started(sh('true'), { lease: here.lease() });
    expect(first.folder).toBe(join(here.folder, 'web'));
    expect(existsSync(join(first.folder, 'nested'))).toBe(false);
    const second = await started(sh('true'), { lease: here.lease() });
    expect(second.folder).toBe(join(here.folder, 'web~2'));
    await first.child.killTree();
    expect(await runs(second.child.pid)).toBe(true);
    await second.child.killTree();
    expect(existsSync(here.folder)).toBe(false);
  });

  test('what a dead daemon left in its cgroups is ended, but what is to be spared', async () => {
    const here = daemon();
    const left = ownCgroup(join('muster', here.owner, 'left'));
    const kept = ownCgroup(join('muster', here.owner, 'kept'));
    mkdirSync(join(left, 'below'));
    const sleepers = [left, kept].map((folder) => spec(['sh', '-c', `echo 0 > ${folder}/cgroup.procs; echo ready; exec sleep 1000`]));
    const { keeper: it } = keeper();
    const children = await Promise.all(sleepers.map((what) => it.spawn(what)));
    await until(() => sleepers.every((what) => what.output() !== ''));
    expect(await endLeftCgroups(here.owner, new Set([kept]), clock)).toEqual(['left']);
    expect(existsSync(left)).toBe(false);
    await children[0]?.exited;
    expect(await runs(children[1]?.pid ?? 0)).toBe(true);
  });

  test('what a dead daemon left in a cgroup that the config had elsewhere is known by its lease', async () => {
    const name = `muster-elsewhere-${process.pid}`;
    ownCgroup(name);
    const { keeper: it, open } = keeper();
    const what = spec(sh(escapes), { ...auto, cgroup: cgroup.parse({ base: name, path: 'web' }) });
    const child = await it.spawn(what);
    await until(() => what.output().includes('escaped'));
    const pids = await livingIn(child.cgroup as string);
    const next = keeper().keeper;
    expect(await next.sweep([...open.values()])).toEqual(['web']);
    expect(pids.length).toBeGreaterThan(1);
    expect(await Promise.all(pids.map(runs))).toEqual(pids.map(() => false));
    expect(existsSync(child.cgroup as string)).toBe(false);
  });

  test.skipIf(process.getuid?.() !== 0)('a program of another user is in its cgroup, and has what the daemon gave up for it', async () => {
    const tell = 'id -u; id -g; id -G; umask; ulimit -n; ulimit -Hn; grep NoNewPrivs /proc/self/status; grep -c muster /proc/self/cgroup';
    const identity = { uid: 65534, gid: 65533, groups: [4, 5], umask: 0o27, rlimits: { nofile: '50:60' }, noNewPrivileges: true };
    const { output } = await run(['sh', '-c', tell], { identity });
    expect(output.split('\n')).toEqual(['65534', '65533', '65533 4 5', '0027', '50', '60', 'NoNewPrivs:\t1', '1', '']);
    const plain = { uid: null, gid: null, groups: null, umask: 0o77, rlimits: {}, noNewPrivileges: false };
    const { keeper: it } = keeper();
    const alone = spec(['sh', '-c', 'umask; id -u'], { identity: plain });
    const child = await it.spawn(alone);
    await child.exited;
    await child.killTree();
    expect(alone.output()).toBe('0077\n0\n');
  });

  test('a path of its own is taken as it is, and refused where another has it', async () => {
    const name = `muster-test-${process.pid}`;
    ownCgroup(name);
    const limits = (path: string) => cgroup.parse({ base: name, path });
    const { child, it } = await started(sh('true'), { cgroup: limits('front/web') });
    expect(child.cgroup).toBe(join(rootFolder, name, 'front/web'));
    for (const path of ['front/web', 'front/web/below', 'front']) {
      const second = it.spawn(spec(['true'], { ...auto, name: 'other', cgroup: limits(path) }));
      await expect(second).rejects.toMatchObject({ code: 'EBUSY', message: expect.stringContaining(path) });
    }
    await expect(it.spawn(spec(['true'], { ...auto, cgroup: { ...limits('x'), path: '../..' } }))).rejects.toMatchObject({
      code: 'EINVAL',
    });
    expect(await runs(child.pid)).toBe(true);
    await child.killTree();
    expect(existsSync(join(rootFolder, name, 'front'))).toBe(false);
  });

  test('where none can be made a process group serves, unless a cgroup is asked for', async () => {
    const name = `muster-full-${process.pid}`;
    writeFileSync(join(ownCgroup(name), 'cgroup.max.descendants'), '0');
    const { keeper: it, journal } = keeper();
    const base = { ...auto, cgroup: cgroup.parse({ base: name }) };
    const child = await it.spawn(spec(['sleep', '1000'], base));
    expect([child.containment, child.cgroup]).toEqual(['processGroup', null]);
    await expect(child.limit(cgroup.parse({ pidsMax: 5 }))).rejects.toMatchObject({ code: 'ENOTSUP' });
    await child.killTree();
    journal.length = 0;
    const strict = it.spawn(spec(['true'], { ...base, containment: 'cgroup', lease: 'strict' }));
    await expect(strict).rejects.toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringMatching(/`containment: cgroup` asks for one: .*cannot be made/),
    });
    const limited = it.spawn(spec(['true'], { ...auto, cgroup: cgroup.parse({ base: name, pidsMax: 5 }), lease: 'limited' }));
    await expect(limited).rejects.toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('its limits need one') });
    expect(journal).toEqual(['begin strict', 'ended strict', 'begin limited', 'ended limited']);
  });

  test('a command line that is too long leaves no cgroup', async () => {
    const { keeper: it } = keeper();
    const here = daemon();
    const long = it.spawn(spec(['true', 'x'.repeat(200_000)], { ...auto, lease: here.lease() }));
    await expect(long).rejects.toMatchObject({ code: 'E2BIG' });
    expect(existsSync(here.folder)).toBe(false);
  });
});
