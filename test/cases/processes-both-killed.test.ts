import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statOf } from '../../src/keeper/proc.ts';
import { keeperOf, parentOf } from '../support/keeper-of.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { within } from '../support/within.ts';

let place: Place;

beforeAll(async () => {
  const modules = { plain: { command: ['sleep', '1001'] }, kept: { command: ['sleep', '1002'], onDaemonDeath: 'keep' } };
  place = await createPlace(`${JSON.stringify({ version: 1, policy: { watch: 'off' }, modules })}\n`);
  await place.up();
});
afterAll(() => place[Symbol.asyncDispose]());

const pidOf = async (name: string): Promise<number> => (await place.module(name)).pid as number;

/** Who ends what runs when daemon and keeper cannot any more, and their jobs; they live where the keeper does. */
function sentinelsAndJobs(): number[] {
  const isOne = (pid: number): boolean => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('\0muster-sentinel\0') && readlinkSync(`/proc/${pid}/cwd`) === place.stateDir && isAlive(pid);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isOne(pid));
}

/** Without their jobs, which are in their groups. */
function sentinels(): number[] {
  return sentinelsAndJobs().filter((pid) => statOf(pid)?.group === pid);
}

function theSentinel(): number {
  const [pid, ...others] = sentinels();
  if (pid === undefined || others.length > 0) throw new Error('there is not one sentinel');
  return pid;
}

/** In one moment: neither notices that the other is gone. */
async function killBoth(): Promise<void> {
  const both = [await place.pid(), keeperOf(await pidOf('plain'))];
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of both) process.kill(pid, signal);
  await until(() => !both.some(isAlive), 'both are gone');
}

test('daemon and keeper killed in one moment leave nothing but what is kept, which the next daemon takes over', async () => {
  const [plain, kept] = [await pidOf('plain'), await pidOf('kept')];
  const forkServer = parentOf(plain);
  process.kill(forkServer, 'SIGSTOP');
  await killBoth();
  await within(2000, () => until(() => ![plain, forkServer].some(isAlive), 'the program is gone, and who started it'));
  await until(() => sentinelsAndJobs().length === 0, 'the sentinel has done what it was there for');
  expect(isAlive(kept)).toBe(true);
  await place.up();
  expect(await pidOf('kept')).toBe(kept);
  expect(isAlive(await pidOf('plain'))).toBe(true);
});

test('the keeper alone takes nothing down when it is killed, and a sentinel that is killed is replaced', async () => {
  const [plain, kept] = [await pidOf('plain'), await pidOf('kept')];
  const keeper = keeperOf(plain);
  const first = theSentinel();
  process.kill(keeper, 'SIGKILL');
  await until(() => sentinels().some((pid) => pid !== first) && !isAlive(first), 'another keeper has a sentinel');
  const sentinel = theSentinel();
  process.kill(sentinel, 'SIGKILL');
  // Asked once: between two looks it dies.
  await until(() => sentinels().some((pid) => pid !== sentinel), 'another sentinel is there');
  expect([await pidOf('plain'), await pidOf('kept')]).toEqual([plain, kept]);
  expect([plain, kept].map(isAlive)).toEqual([true, true]);

  await place.muster('restart', 'plain');
  const again = await pidOf('plain');
  await killBoth();
  await within(2000, () => until(() => !isAlive(again), 'the program is gone'));
  expect(isAlive(kept)).toBe(true);
  await place.up();
  expect(await pidOf('kept')).toBe(kept);
});

test('a keeper that is stopped when the daemon is killed ends within seconds, and with it what is not kept', async () => {
  const [plain, kept] = [await pidOf('plain'), await pidOf('kept')];
  const [daemon, keeper] = [await place.pid(), statOf(theSentinel())?.parent as number];
  process.kill(keeper, 'SIGSTOP');
  process.kill(daemon, 'SIGKILL');
  await within(8000, () => until(() => !isAlive(plain), 'the program is gone'));
  expect([isAlive(keeper), isAlive(kept)]).toEqual([false, true]);
  await until(() => sentinelsAndJobs().length === 0, 'the sentinel has done what it was there for');
  await place.up();
  expect(await pidOf('kept')).toBe(kept);
});

test('down leaves no sentinel behind', async () => {
  expect(await place.muster('down')).toMatchObject({ code: 0 });
  await until(() => sentinelsAndJobs().length === 0, 'it is gone');
});
