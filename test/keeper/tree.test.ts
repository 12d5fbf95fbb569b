import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitWords } from '../../src/keeper/death.ts';
import { keeper, runs, spec, until } from './support/keeper.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

test('killing a tree takes a program and its child that ignore SIGTERM', async () => {
  const { keeper: it } = keeper();
  const what = spec([fixture('ignore-sigterm.sh')]);
  const child = await it.spawn(what);
  await until(() => what.output().endsWith('\n'));
  child.signal('SIGTERM');
  const grandchild = Number(what.output());
  expect(await runs(child.pid)).toBe(true);
  await child.killTree();
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await runs(child.pid)).toBe(false);
  expect(await runs(grandchild)).toBe(false);
});

test('a child left behind in the group is killed although it holds the output open', async () => {
  const { keeper: it } = keeper();
  const what = spec([fixture('leave-child.sh')]);
  const child = await it.spawn(what);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  await until(() => what.output().endsWith('\n'));
  expect(await runs(Number(what.output()))).toBe(true);
  await child.killTree();
  expect(await runs(Number(what.output()))).toBe(false);
});

test('a child left behind in a session of its own is found by its lease', async () => {
  const { keeper: it } = keeper();
  const what = spec([fixture('leave-setsid-child.sh')]);
  const child = await it.spawn(what);
  await child.exited;
  await until(() => what.output().endsWith('\n'));
  await child.killTree();
  expect(await runs(Number(what.output()))).toBe(false);
});

test('a process that escaped and holds the output open does not hold up the end', async () => {
  const { keeper: it, journal } = keeper();
  const what = spec([fixture('leave-escaped-child.sh')], { lease: 'escaped' });
  const child = await it.spawn(what);
  await child.exited;
  await until(() => what.output().endsWith('\n'));
  await child.killTree();
  expect(journal).toContain('ended escaped');
  process.kill(Number(what.output()), 'SIGKILL'); // only a cgroup would have caught it
});

test('a tree that is gone can be signalled and killed again without harm', async () => {
  const { keeper: it } = keeper();
  const child = await it.spawn(spec(['true']));
  await child.exited;
  child.signal('SIGTERM');
  await child.killTree();
  await child.killTree();
  child.signal('SIGTERM');
});

test.each([
  ['SEGV', 'killed by SIGSEGV'],
  ['TERM', 'killed by SIGTERM'],
  ['34', 'killed by SIGRTMIN'],
  ['37', 'killed by SIGRTMIN+3'],
  ['64', 'killed by SIGRTMIN+30'],
])('a program that dies of signal %s reads as %s', async (signal, words) => {
  const { keeper: it } = keeper();
  const child = await it.spawn(spec([fixture('die-of.sh'), signal]));
  expect(exitWords(await child.exited)).toBe(words);
});

test('real-time signals can be sent, and unknown ones are refused', async () => {
  const { keeper: it } = keeper();
  const child = await it.spawn(spec(['sleep', '60']));
  expect(() => child.signal('SIGNONE')).toThrow(/there is no signal "SIGNONE"/);
  child.signal('SIGRTMIN+1');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGRTMIN+1' });
});

test('many trees end at once', async () => {
  const { keeper: it } = keeper();
  const children = await Promise.all(Array.from({ length: 30 }, () => it.spawn(spec(['sh', '-c', 'setsid sleep 60 & exec sleep 60']))));
  await Promise.all(children.map((child) => child.killTree()));
  for (const { pid } of children) expect(await runs(pid)).toBe(false);
});

test('an exit code stays what it was', async () => {
  const { keeper: it } = keeper();
  const child = await it.spawn(spec(['sh', '-c', 'exit 3']));
  expect(exitWords(await child.exited)).toBe('exited with code 3');
});

test('a keeper that is disposed of has ended everything and starts no more', async () => {
  const { keeper: it } = keeper();
  const children = await Promise.all([1, 2, 3].map(() => it.spawn(spec(['sleep', '60']))));
  await it.dispose();
  for (const { pid } of children) expect(await runs(pid)).toBe(false);
  await expect(it.spawn(spec(['true']))).rejects.toMatchObject({ code: 'ECANCELED' });
});
