import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { enableControllers } from '../../../src/keeper/cgroup/controllers.ts';
import { leaf } from '../../../src/keeper/cgroup/root.ts';
import { cgroupOf, noCgroups, ownCgroup, rootFolder } from '../support/cgroups.ts';
import { keeper, spec, until } from '../support/keeper.ts';

const available = noCgroups === null ? readFileSync(join(rootFolder, 'cgroup.controllers'), 'utf8').trim().split(' ') : [];
/** Any will do. */
const controller = available.find((name) => name === 'pids' || name === 'hugetlb');
const file = controller === 'pids' ? 'pids.max' : 'hugetlb.2MB.max';
if (controller === undefined) process.stderr.write('controllers are not tested: neither pids nor hugetlb is there\n');

/** As systemd makes it for a service: the daemon is in the very cgroup that was handed over to it. */
async function service(name: string) {
  const folder = ownCgroup(`${name}-${process.pid}.service`);
  const what = spec(['sh', '-c', `echo 0 > ${folder}/cgroup.procs; echo ready; exec sleep 1000`]);
  const daemon = await keeper().keeper.spawn(what);
  await until(() => what.output() !== '');
  return { folder, daemon, module: ownCgroup(join(`${name}-${process.pid}.service`, 'muster', 'web')) };
}

const settings = [{ key: 'cgroup.any', file, value: 'max' }];
const enabledIn = (folder: string) => readFileSync(join(folder, 'cgroup.subtree_control'), 'utf8').trim();

test.skipIf(controller === undefined)(
  'a daemon goes into a leaf of the cgroup that was delegated to it, so that controllers can be enabled there',
  async () => {
    const { folder, daemon, module } = await service('delegated');
    enableControllers({ folder, delegated: true }, module, settings);
    expect([enabledIn(folder), enabledIn(join(folder, 'muster'))]).toEqual([controller, controller]);
    expect(cgroupOf(daemon.pid)).toBe(join(folder, leaf));
    enableControllers({ folder, delegated: true }, module, settings);
    expect(enabledIn(module)).toBe('');
  },
);

test.skipIf(controller === undefined)('the processes of a cgroup that was not handed over stay where they are', async () => {
  const { folder, daemon, module } = await service('foreign');
  expect(() => enableControllers({ folder, delegated: false }, module, settings)).toThrow(
    expect.objectContaining({
      code: 'EBUSY',
      message: expect.stringContaining(`cannot be enabled in ${folder}`),
      hint: expect.any(String),
    }),
  );
  expect(cgroupOf(daemon.pid)).toBe(folder);
});
