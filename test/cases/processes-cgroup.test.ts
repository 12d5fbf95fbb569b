import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CgroupDoc, CgroupValue, ModuleStats } from '../../src/model/documents.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import { cgroupOf, noCgroups, rootFolder } from '../keeper/support/cgroups.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { readIn } from '../support/shell.ts';
import { type Talk, talk } from '../support/talk.ts';

const available = noCgroups === null ? readFileSync(join(rootFolder, 'cgroup.controllers'), 'utf8').trim().split(' ') : [];
const sleeps = 'exec sleep 1000';
const own = '$(sed -n s/^0::/cgroup=/p /proc/self/cgroup | cut -d= -f2)';

const modules = {
  plain: { command: ['sleep', '1000'] },
  stubborn: { command: ['sh', '-c', `(trap "" TERM; ${sleeps}) & ${sleeps}`] },
  escaped: { command: ['sh', '-c', `env -i PATH="$PATH" setsid sh -c "setsid sleep 1000 & exit" & ${sleeps}`] },
  leaves: {
    command: ['sh', '-c', 'env -i PATH="$PATH" setsid sleep 1000 & until test -e go; do sleep 0.05; done'],
    cwd: '.',
    restart: { policy: 'never' },
    ready: { alive: '20ms' },
  },
  nests: { command: ['sh', '-c', `mkdir -p "${rootFolder}/${own}/a/b"; ${sleeps}`] },
  limited: { command: ['sleep', '1000'], cgroup: { raw: { 'cgroup.max.descendants': '4' } } },
  thread: { module: 'builtin:heartbeat' },
  process: { module: './spawns.mjs', isolation: 'process', cgroup: { raw: { 'cgroup.max.depth': '3' } } },
};
const config = (more: object = {}) => JSON.stringify({ version: 1, modules: { ...modules, ...more } });
const spawns = `import { spawn } from 'node:child_process';
export async function main(ctx) {
  spawn('setsid', ['sleep', '1000'], { env: { PATH: process.env.PATH }, detached: true, stdio: 'ignore' }).unref();
  await ctx.run();
}
`;

describe.skipIf(noCgroups !== null)('with cgroups', () => {
  let place: Place;
  let socket: Talk;
  beforeAll(async () => {
    place = await createPlace(config());
    await place.write('spawns.mjs', spawns);
    await place.up();
    await place.write('go', '');
    socket = await talk(place);
  });
  afterAll(async () => {
    const path = dirname(await pathOf('plain').catch(() => '/none/none'));
    socket[Symbol.dispose]();
    await place[Symbol.asyncDispose]();
    await until(() => !existsSync(path), 'nothing of it is left');
  });

  const shown = async (name: string) => (await socket.muster('cgroup', { name })) as CgroupDoc;
  const pathOf = async (name: string): Promise<string> => (await shown(name)).path;
  const statsOf = async (name: string) => (await socket.muster('stats', { name })) as ModuleStats & { pids: number[] };
  const names = async () => (await socket.muster('list', {})).modules.map(({ name }) => name);
  const moduleOf = (name: string) => socket.muster('info', { target: name });
  const reload = async (name: string) => ((await socket.muster('reload', {})) as Result).changes.filter((change) => change.name === name);
  const removed = async (name: string): Promise<void> => {
    expect(await socket.muster('remove', { names: [name] })).toMatchObject({ exitCode: 0 });
  };
  const pidsIn = (folder: string): number[] => readdirSync(folder).flatMap((name) => pids(join(folder, name)));
  const pids = (folder: string): number[] => {
    if (!existsSync(join(folder, 'cgroup.procs'))) return [];
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  };

  test.each(['stubborn', 'escaped'])('10, 11. nothing of "%s" lives when its removal returns', async (name) => {
    let pids: number[] = [];
    await until(async () => {
      ({ pids } = await statsOf(name));
      return pids.length === 2;
    }, 'both run');
    await removed(name);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await names()).not.toContain(name);
  });

  test('12. what a program leaves behind is dead when it has ended', async () => {
    await until(async () => (await moduleOf('leaves')).state === 'E', 'it has ended');
    expect(await moduleOf('leaves')).toMatchObject({ failed: false, lastExit: { code: 0 } });
    expect(existsSync(join(dirname(await pathOf('plain')), 'leaves'))).toBe(false);
  });

  test('13. info and status say by what modules are contained', async () => {
    expect(await socket.muster('status', {})).toMatchObject({ containment: 'cgroup' });
    expect(await moduleOf('plain')).toMatchObject({ containment: 'cgroup' });
    expect((await place.muster('info', 'plain')).stdout).toMatch(/cgroup/);
  });

  test('14. a program without limits has a cgroup of its own, which is shown with what the kernel counts', async () => {
    const { pid } = await moduleOf('plain');
    const told = await shown('plain');
    expect(told).toMatchObject({ name: 'plain', path: cgroupOf(pid ?? 0), containment: 'cgroup', settings: {} });
    expect(told.statistics).toMatchObject({ 'cpu.stat': { usage_usec: expect.any(Number) }, 'cgroup.stat': { nr_descendants: 0 } });
    expect(await statsOf('plain')).toMatchObject({
      outputBytes: 0,
      pids: [pid],
      cgroup: { 'cgroup.stat': told.statistics['cgroup.stat'] },
    });
    const text = (await place.muster('cgroup', 'plain')).stdout;
    expect(text).toContain(`Path        ${told.path}\nSettings    none\nStatistics  `);
    expect((await place.muster('cgroup', 'plain', 'cgroup.procs')).stdout).toBe(`${pid}\n`);
  });

  test('15. a module without one is told so with a code, and still has statistics', async () => {
    const { code, stderr } = await place.muster('cgroup', 'thread');
    expect([code, stderr]).toEqual([1, expect.stringContaining('thread has no cgroup of its own (ENOTSUP)')]);
    expect(await statsOf('thread')).toMatchObject({ tx: expect.any(Object) });
  });

  test('16. cgroups that a program made below its own go with it', async () => {
    const path = await pathOf('nests');
    await until(() => existsSync(join(path, 'a/b')), 'they are made');
    await removed('nests');
    expect(existsSync(path)).toBe(false);
  });

  test('17. an empty cgroup of that name, left by whomever, is no obstacle', async () => {
    const path = join(dirname(await pathOf('plain')), 'fresh');
    mkdirSync(join(path, 'below'), { recursive: true });
    expect(await place.muster('load', '--command', 'fresh', 'sleep', '1000')).toMatchObject({ code: 0 });
    expect(await pathOf('fresh')).toBe(path);
    expect(existsSync(join(path, 'below'))).toBe(false);
  });

  test('18. a changed limit is in effect in the same process, and one that is refused changes nothing', async () => {
    const { pid } = await moduleOf('limited');
    const file = join(await pathOf('limited'), 'cgroup.max.descendants');
    const limited = (value: string, more = {}) =>
      place.write(
        'muster.yaml',
        config({ limited: { ...modules.limited, cgroup: { raw: { 'cgroup.max.descendants': value } }, ...more } }),
      );
    const changesTo = () => reload('limited');
    await limited('5');
    expect(await changesTo()).toMatchObject([{ action: 'reconfigure', status: 'ok', fields: [{ before: '4', after: '5', live: true }] }]);
    expect([readFileSync(file, 'utf8'), (await moduleOf('limited')).pid]).toEqual(['5\n', pid]);
    await limited('many', { restart: { policy: 'never' } });
    expect(await changesTo()).toMatchObject([
      { status: 'reverted', error: { code: 'EINVAL', message: expect.stringContaining('"many"') } },
    ]);
    expect(readFileSync(file, 'utf8')).toBe('5\n');
    await limited('5');
    expect(await changesTo()).toEqual([]);
    await place.write('muster.yaml', config({ limited: { command: ['sleep', '1000'] } }));
    expect(await changesTo()).toMatchObject([{ action: 'reconfigure', status: 'ok' }]);
    expect([readFileSync(file, 'utf8'), (await moduleOf('limited')).pid]).toEqual(['max\n', pid]);
    await place.write('muster.yaml', config({ limited: { command: ['sleep', '1000'], cgroup: { path: 'elsewhere' } } }));
    expect(((await socket.muster('reconcile', { dryRun: true })) as Plan).changes.find(({ name }) => name === 'limited')).toMatchObject({
      action: 'reload',
    });
  });

  test.skipIf(available.includes('memory'))('19. a limit without its controller is refused by name, and nothing is left', async () => {
    await place.write('muster.yaml', config({ heavy: { command: ['sleep', '1000'], cgroup: { memoryMax: '12M' } } }));
    const [heavy] = await reload('heavy');
    expect(heavy).toMatchObject({ status: 'failed', error: { code: 'ENOTSUP', message: expect.stringContaining('controller memory') } });
    expect(heavy?.error?.hint).toMatch(/cgroup\.memoryMax/);
    expect(await moduleOf('heavy')).toMatchObject({ state: 'E', failed: true, pid: null });
    expect(existsSync(join(dirname(await pathOf('plain')), 'heavy'))).toBe(false);
    await place.write('muster.yaml', config());
    await reload('any');
  });

  test('20. an interface file is read and written by hand; what is no such file, and what the kernel refuses, has a code', async () => {
    const hand = async (word: string) => {
      const [key = '', value] = word.split('=');
      const answer = socket.muster('cgroup', { name: 'plain', key, ...(value === undefined ? {} : { value }) });
      return answer.then(
        (done) => (done as CgroupValue).value,
        (error) => error.code,
      );
    };
    expect(await hand('cgroup.max.depth=3')).toBe('3');
    expect(await hand('cgroup.max.depth')).toBe('3');
    expect(await hand('cgroup.max.depth=-3')).toMatch(/^E(?:RANGE|INVAL)$/);
    expect(await hand('cgroup.nothing')).toBe('ENOENT');
    expect(await hand('../cgroup.procs')).toBe('EINVAL');
    expect(await hand('cgroup.procs=1')).toBe('EPERM');
    expect((await shown('plain')).settings).toEqual({ raw: { 'cgroup.max.depth': '3' } });
    if (!available.includes('hugetlb')) return;
    const huge = { command: ['sleep', '1000'], cgroup: { raw: { 'hugetlb.2MB.max': '4M' } } };
    await place.write('muster.yaml', config({ huge }));
    await reload('any');
    expect((await place.muster('cgroup', 'huge', 'hugetlb.2MB.max=12M')).stdout).toBe('12582912\n');
  });

  test('37. of a command that forks at once, loaded and removed 30 times, nothing was ever outside its cgroup', async () => {
    const saidBy = (name: string): string[] =>
      readIn(place, `said-${name}`)
        .split('\n')
        .filter((line) => line.startsWith('0::'));
    const tell = (name: string) => `cat /proc/self/cgroup >> ${join(place.dir, `said-${name}`)}`;
    const forks = (name: string) => ['sh', '-c', `(setsid sh -c "${tell(name)}; exec sleep 1000" &); ${tell(name)}; exec sleep 1000`];
    const all: number[] = [];
    const once = async (name: string, round: number): Promise<void> => {
      const load = { target: name, command: true, args: forks(name), cwd: place.dir };
      expect(await socket.muster('load', load)).toMatchObject({ exitCode: 0 });
      const path = await pathOf(name);
      await until(() => pids(path).length > 1 && saidBy(name).length === 2 * round, 'it has forked, and both have said where they are');
      all.push(...pids(path));
      await removed(name);
    };
    const names = [1, 2, 3, 4, 5, 6].map((number) => `forks${number}`);
    for (let round = 1; round <= 5; round += 1) await Promise.all(names.map((name) => once(name, round)));
    expect(all.filter(isAlive)).toEqual([]);
    const own = /^0::.*\/muster\/[0-9a-f]+\/forks\d$/;
    const lines = names.flatMap(saidBy);
    expect(lines.filter((line) => !own.test(line))).toEqual([]);
    expect(lines).toHaveLength(60);
  });

  test('what a module spawns dies with its process', async () => {
    const [path, { pid }] = [await pathOf('process'), await moduleOf('process')];
    expect(path).toMatch(/runner:process$/);
    expect((await shown('process')).settings).toEqual({ raw: { 'cgroup.max.depth': '3' } });
    const changed = { ...modules.process, cgroup: { raw: { 'cgroup.max.depth': '5' } } };
    await place.write('muster.yaml', config({ process: changed }));
    expect(await reload('process')).toMatchObject([{ action: 'reconfigure', status: 'ok' }]);
    expect(await socket.muster('cgroup', { name: 'process', key: 'cgroup.max.depth' })).toMatchObject({ value: '5' });
    await until(() => pids(path).length > 1, 'it has spawned');
    const all = pids(path);
    expect(all).toContain(pid);
    await removed('process');
    expect(all.filter(isAlive)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  test('with a daemon that is killed dies what is not kept, and the next one cleans up and brings limits up to date', async () => {
    const kept = (value: string) => ({ ...modules.limited, onDaemonDeath: 'keep', cgroup: { raw: { 'cgroup.max.descendants': value } } });
    await place.write('muster.yaml', config({ again: modules.process, kept: kept('4') }));
    await reload('any');
    const folder = dirname(await pathOf('plain'));
    await until(() => pidsIn(folder).length > 6, 'they have spawned');
    const { pid: keptPid } = await moduleOf('kept');
    const all = pidsIn(folder).filter((one) => one !== keptPid);
    const { pid } = await socket.muster('ping', {});
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'the daemon is gone');
    await until(() => all.every((pid) => !isAlive(pid)), 'nothing of it lives');
    mkdirSync(join(folder, 'gone/below'), { recursive: true });
    await place.write('muster.yaml', config({ kept: kept('6') }));
    rmSync(join(place.dir, 'go'));
    await place.up();
    socket = await talk(place);
    expect((await moduleOf('kept')).pid).toBe(keptPid);
    await until(() => readFileSync(join(folder, 'kept/cgroup.max.descendants'), 'utf8') === '6\n', 'its limits are the new ones');
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });
});
