import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { expect, test } from 'vitest';
import { bootId, type Seen, statOf } from '../../src/keeper/proc.ts';
import { ownersOf } from '../../src/keeper/sweep.ts';
import type { Lease } from '../../src/model/keeper.ts';
import { until } from '../support/place.ts';
import { keeper, runs, spec, tempDir } from './support/keeper.ts';

/** Leases as a daemon left them that started these programs and was killed. */
async function leftBy(programs: string[][]): Promise<Lease[]> {
  const outfile = join(await tempDir(), 'daemon.mjs');
  const entry = join(import.meta.dirname, 'fixtures/dying-daemon.ts');
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile });
  const daemon = spawn(process.execPath, [outfile, JSON.stringify(programs)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(daemon.stdout), 'line')) as [string];
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  return JSON.parse(line) as Lease[];
}

const pids = (leases: readonly Lease[]) => leases.map(({ pid }) => pid ?? 0);

test('what a dead daemon left behind is ended, and nothing else', async () => {
  const { keeper: it, journal } = keeper();
  const bystander = await it.spawn(spec(['sleep', '60']));
  const left = await leftBy([
    ['a', 'sleep', '60'],
    ['b', 'sh', '-c', 'setsid sleep 60 & sleep 60 & exec sleep 60'],
    ['c', 'sh', '-c', 'trap "" TERM; sleep 60 & wait'],
  ]);
  for (const pid of pids(left)) expect(await runs(pid)).toBe(true);
  expect(await it.sweep(left)).toEqual(['a', 'b', 'c']);
  for (const pid of pids(left)) expect(await runs(pid)).toBe(false);
  expect(journal).toEqual(expect.arrayContaining(left.map(({ id }) => `ended ${id}`)));
  expect(await runs(bystander.pid)).toBe(true);
  expect(await it.sweep(left)).toEqual([]);
});

test('a process whose start was never recorded is found by the lease in its environment', async () => {
  const { keeper: it } = keeper();
  const left = await leftBy([['a', 'sleep', '60']]);
  const unrecorded = left.map((lease) => ({ ...lease, pid: null, startTime: null }));
  expect(await it.sweep(unrecorded)).toEqual(['a']);
  expect(await runs(pids(left)[0] ?? 0)).toBe(false);
});

test('a process that took over the pid of a lease is left alone', async () => {
  const { keeper: it } = keeper();
  const child = await it.spawn(spec(['sleep', '60']));
  const lease = { id: 'gone', name: 'gone', pid: child.pid, startTime: statOf(child.pid)?.startTime ?? '', bootId: bootId() };
  expect(await it.sweep([{ ...lease, startTime: '1' }])).toEqual([]);
  expect(await it.sweep([{ ...lease, bootId: 'another boot' }])).toEqual([]);
  expect(await runs(child.pid)).toBe(true);
  expect(await it.sweep([lease])).toEqual(['gone']);
  expect(await runs(child.pid)).toBe(false);
});

test('of a group whose leader is gone only those are owned that a lease vouches for', () => {
  const lease: Lease = { id: 'l', name: 'web', pid: 10, startTime: '5', bootId: 'b' };
  const seen = (pid: number, more: Partial<Seen>): Seen => ({
    pid,
    state: 'S',
    parent: 1,
    group: 10,
    session: 10,
    startTime: '7',
    threads: 1,
    isDying: false,
    exitStatus: 0,
    lease: null,
    ...more,
  });
  const owned = (...processes: Seen[]) => [...ownersOf([lease], processes, 'b').keys()].map(({ pid }) => pid);
  expect(owned(seen(11, {}))).toEqual([]);
  expect(owned(seen(11, {}), seen(12, { lease: 'l' }))).toEqual([11, 12]);
  expect(owned(seen(10, { startTime: '5' }), seen(11, {}))).toEqual([10, 11]);
  expect(owned(seen(10, { startTime: '5', state: 'Z' }), seen(11, {}))).toEqual([11]);
  expect(owned(seen(10, {}), seen(11, {}))).toEqual([]);
  expect(owned(seen(20, { group: 20, lease: 'l' }))).toEqual([20]);
});

test('a lease that never got into the journal is known by the daemon that it names', async () => {
  const { keeper: it } = keeper();
  const own = await it.spawn(spec(['sleep', '60'], { lease: 'test/unrecorded' }));
  const other = await it.spawn(spec(['sleep', '60'], { lease: 'another/one' }));
  expect(await it.sweep([])).toEqual(['test/unrecorded']);
  // One that has given up its memory already may still be on its way out.
  await until(async () => !(await runs(own.pid)), 'it is gone');
  expect(await runs(other.pid)).toBe(true);
});
