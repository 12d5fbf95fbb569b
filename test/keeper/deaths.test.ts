import { expect, test } from 'vitest';
import { exitSeen, exitUnseen, exitWords } from '../../src/keeper/death.ts';
import { latestMs, longestMs, type Outlook, stillHolds, untilTurn } from '../../src/keeper/process/executor/turn.ts';
import { spec, until } from './support/keeper.ts';
import { remoteKeeper } from './support/remote.ts';

/** What it leaves behind holds its output open, so that the end of a pipe tells nothing. */
const leaves = 'sleep 1000 & ';
const sleeps = `${leaves}exec sleep 1000`;
const returns = `trap 'exit 0' USR1; ${leaves}wait`;

test('200 that die at one instant by real-time signals, or end with 0, are told apart, though others hold their pipes', async () => {
  const { keeper } = await remoteKeeper();
  const isSignalled = (index: number): boolean => index % 4 !== 3;
  let up = 0;
  const onOutput = (): void => {
    up += 1;
  };
  const children = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      keeper.spawn(spec(['sh', '-c', `echo up; ${isSignalled(index) ? sleeps : returns}`], { onOutput })),
    ),
  );
  await until(() => up === children.length);
  const deaths = Promise.all(children.map(({ exited }) => exited));
  for (const [index, { pid }] of children.entries()) process.kill(pid, isSignalled(index) ? 34 + (index % 31) : 'SIGUSR1');
  const nameOf = (index: number): string => (index % 31 === 0 ? 'SIGRTMIN' : `SIGRTMIN+${index % 31}`);
  expect((await deaths).map(exitWords)).toEqual(
    children.map((_, index) => (isSignalled(index) ? `killed by ${nameOf(index)}` : 'exited with code 0')),
  );
  await Promise.all(children.map((child) => child.killTree()));
  for (const { pid } of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a status says how a process died, and what nobody saw is no success', () => {
  const pid = process.pid;
  const seen = (exitStatus: number): string => exitWords(exitSeen({ pid, exitStatus }) ?? { code: null, signal: null });
  expect([0, 0x300, 9, 37, 0x80 | 11].map(seen)).toEqual([
    'exited with code 0',
    'exited with code 3',
    'killed by SIGKILL',
    'killed by SIGRTMIN+3',
    'killed by SIGSEGV',
  ]);
  expect(exitSeen({ pid: 2 ** 30, exitStatus: 0 })).toBe(null);
  expect([exitUnseen(0, null), exitUnseen(3, null), exitUnseen(null, 'SIGTERM')].map(exitWords)).toEqual([
    'ended in a way nobody saw',
    'exited with code 3',
    'killed by SIGTERM',
  ]);
});

const quiet: Outlook = { living: 3, isDying: false, dead: 2, unclear: 0, sinceLastDeath: 60, sinceFirstDeath: 100 };

test('zombies are reaped when nobody is dying, at once where nobody else lives, and in the end in any case', () => {
  const wait = (more: Partial<Outlook>): number | null => untilTurn({ ...quiet, ...more });
  expect(wait({})).toBe(0);
  expect(wait({ dead: 0 })).toBe(null);
  expect(wait({ sinceLastDeath: 5 })).toBe(15);
  expect(wait({ sinceLastDeath: 1, dead: 1 })).toBe(4);
  expect(wait({ sinceLastDeath: 5, living: 0 })).toBe(0);
  expect(wait({ sinceLastDeath: 5, unclear: 1 })).toBe(0);
  expect(wait({ isDying: true, unclear: 1 })).toBeGreaterThan(0);
  expect(wait({ isDying: true, sinceLastDeath: 5, sinceFirstDeath: longestMs })).toBe(0);
});

test('they are reaped upon a look that nothing came between, however many have died meanwhile', () => {
  const holds = (tookMs: number, more: Partial<Outlook> = {}): boolean => stillHolds(tookMs, { ...quiet, ...more });
  expect([holds(1), holds(20), holds(20, { living: 60 }), holds(20, { living: 0 })]).toEqual([true, false, true, true]);
  expect([holds(20, { sinceFirstDeath: longestMs }), holds(20, { sinceFirstDeath: latestMs })]).toEqual([false, true]);
  expect([holds(1, { isDying: true }), holds(1, { isDying: true, sinceFirstDeath: longestMs })]).toEqual([false, true]);
});
