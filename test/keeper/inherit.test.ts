import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Kept, Lease } from '../../src/model/keeper.ts';
import { noCgroups } from './support/cgroups.ts';
import { runs, spec } from './support/keeper.ts';
import { remoteKeeper } from './support/remote.ts';

const log: Kept['log'] = {
  ...{ capture: 'both', mergeStderr: false, level: 'info', stderrLevel: 'warn', prefix: '', metadata: {}, transform: [] },
  ...{ maxSize: 1e9, keep: 5, sink: 'file', overflow: 'block' },
};

/** A program that one daemon has left, and the next daemon. */
async function leftProgram() {
  const before = await remoteKeeper();
  const order = spec(['sleep', '1000'], { digest: 'same', containment: 'auto' });
  const child = await before.keeper.spawn(order);
  child.keep({ name: 'web', argv: order.argv, log, stopSignal: 'SIGTERM', stopTimeout: 1000 });
  await child.leave?.();
  await before.keeper.dispose();
  const { keeper } = await remoteKeeper(join('..', basename(before.stateDir)));
  const journal = [...before.open.values()];
  const lease = before.open.get(order.lease) as Lease;
  return { keeper, journal, lease, pid: child.pid, takeOver: () => keeper.spawn(spec([...order.argv], { digest: 'same' })) };
}

test.skipIf(noCgroups !== null)('an earlier start that the journal still has in the same cgroup takes nothing down', async () => {
  const { keeper, journal, lease, pid, takeOver } = await leftProgram();
  const { held, ...start } = lease;
  await keeper.sweep([...journal, { ...start, id: 'earlier', pid: 2 ** 30, startTime: '1' }]);
  expect(await takeOver()).toMatchObject({ pid, takenOver: true });
  expect(await runs(pid)).toBe(true);
});

test('what is run on behalf of the daemon stops nothing that is kept under the same name', async () => {
  const { keeper, journal, pid, takeOver } = await leftProgram();
  await keeper.sweep(journal);
  const helper = await keeper.spawn(spec(['true'], { beforehand: true }));
  await helper.exited;
  await helper.killTree();
  expect(await takeOver()).toMatchObject({ pid, takenOver: true });
});

test('the end of a program that comes while the next daemon still looks round is known', async () => {
  const { keeper, journal, lease, pid, takeOver } = await leftProgram();
  const { held, ...start } = lease;
  // By another lease of the same process it is ended in the middle of it.
  await keeper.sweep([...journal, { ...start, id: 'another' }]);
  const child = await takeOver();
  expect(child).toMatchObject({ pid, takenOver: true });
  expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
  await child.killTree();
});
