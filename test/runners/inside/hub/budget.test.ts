import { expect, test } from 'vitest';
import { createBudget, type Resource } from '../../../../src/runners/inside/hub/budget.ts';
import { readResources } from '../../../../src/runners/inside/hub/resources.ts';

const maps: Resource = { name: 'vm.max_map_count', limit: 1000, used: 100, perThread: 50, remedy: 'raise it: sysctl' };

/** How many threads are admitted one after the other, and what the next one is told. */
function fill(admit: (threads: number) => void): { threads: number; error: unknown } {
  for (let threads = 0; ; threads += 1) {
    try {
      admit(threads);
    } catch (error) {
      return { threads, error };
    }
  }
}

test('as many threads are admitted as there is room for, though those just started have taken nothing yet', () => {
  let now = 0;
  const budget = createBudget({ read: () => [maps], now: () => (now += 100) });
  const { threads, error } = fill(budget.admit);
  expect(threads).toBe(17);
  expect(error).toMatchObject({
    code: 'ENOSPC',
    message:
      'there is no room for another thread beside the 17 of this runner: vm.max_map_count is 1000, of which 100 are in use, and a thread takes about 50',
    hint: 'give modules `isolation: shared`, or raise it: sysctl',
  });
});

test('what others take of it counts, and so does what modules take beside their threads', () => {
  let used = 100;
  let now = 0;
  const budget = createBudget({ read: () => [{ ...maps, used }], now: () => now });
  budget.admit(0);
  used = 930;
  expect(() => budget.admit(1)).not.toThrow(); // read a moment ago
  now = 1000;
  expect(() => budget.admit(1)).toThrow('930 are in use');
  used = 200;
  now = 2000;
  expect(() => budget.admit(1)).not.toThrow();
});

test('the resource that is shortest says no, each with its remedy', () => {
  const files: Resource = { name: 'the limit of open files', limit: 60, used: 20, perThread: 5, remedy: 'raise it: ulimit -n' };
  const { threads, error } = fill(createBudget({ read: () => [maps, files], now: () => 0 }).admit);
  expect(threads).toBe(7);
  expect(error).toMatchObject({
    message: expect.stringContaining('the limit of open files is 60'),
    hint: expect.stringContaining('ulimit -n'),
  });
});

test('this machine is read, and has room for a thread', () => {
  const resources = readResources();
  const names = resources.map(({ name }) => name);
  if (process.platform === 'linux')
    expect(names).toEqual(expect.arrayContaining(['vm.max_map_count', 'the limit of open files', 'memory']));
  for (const { used, limit, perThread } of resources) {
    expect(perThread).toBeGreaterThan(0);
    expect(used).toBeGreaterThan(0);
    expect(limit).toBeGreaterThan(used);
  }
  expect(() => createBudget({ read: () => resources, now: () => 0 }).admit(0)).not.toThrow();
});
