import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { limitCgroup, settingsIn } from '../../../src/keeper/cgroup/limit.ts';
import { cgroup } from '../../../src/model/fields/cgroup.ts';
import { daemon, noCgroups, ownCgroup, rootFolder } from '../support/cgroups.ts';
import { keeper, spec } from '../support/keeper.ts';

const descendants = 'cgroup.max.descendants';
const depth = 'cgroup.max.depth';
const limits = (given: unknown) => cgroup.parse(given);
const available = noCgroups === null ? readFileSync(join(rootFolder, 'cgroup.controllers'), 'utf8').trim().split(' ') : [];

describe.skipIf(noCgroups !== null)('with cgroups', () => {
  const text = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8').trim();

  test('limits are in effect before the program runs, and change while it does', async () => {
    const { keeper: it } = keeper();
    const raw = { [descendants]: '4', [depth]: '2' };
    const what = spec(['sleep', '1000'], { containment: 'auto', lease: daemon().lease(), cgroup: limits({ raw }) });
    const child = await it.spawn(what);
    const folder = child.cgroup as string;
    expect([text(folder, descendants), text(folder, depth)]).toEqual(['4', '2']);
    await child.limit(limits({ raw: { [descendants]: '5' } }));
    expect([text(folder, descendants), text(folder, depth)]).toEqual(['5', 'max']);
    await expect(child.limit(limits({ raw: { [descendants]: '6', [depth]: 'deep' } }))).rejects.toMatchObject({
      code: 'EINVAL',
      message: `cgroup.raw.${depth}: "deep" did not take effect: the kernel answered EINVAL (invalid argument)`,
    });
    expect([text(folder, descendants), text(folder, depth)]).toEqual(['5', 'max']);
    await expect(child.limit(limits({ path: 'elsewhere' }))).rejects.toMatchObject({
      code: 'EINVAL',
      hint: expect.stringContaining('reload'),
    });
    await child.limit(undefined);
    expect(text(folder, descendants)).toBe('max');
  });

  test.each([
    [
      'a value that the kernel refuses',
      { raw: { [descendants]: '-1' } },
      `cgroup.raw.${descendants}: "-1" did not take effect: the kernel answered`,
    ],
    ['an interface file that there is not', { raw: { 'cgroup.nothing': '1' } }, 'there is no cgroup.nothing'],
    [
      'a controller that nobody has',
      { raw: { 'nothing.max': '1' } },
      'cgroup.raw.nothing.max needs the controller nothing, which this kernel does not have',
    ],
  ])('with %s nothing runs and nothing is left', async (_title, given, message) => {
    const { keeper: it, journal } = keeper();
    const here = daemon();
    const lease = here.lease();
    const start = it.spawn(spec(['sleep', '1000'], { containment: 'auto', lease, cgroup: limits(given) }));
    await expect(start).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(existsSync(here.folder)).toBe(false);
    expect(journal).toEqual([`begin ${lease}`, `ended ${lease}`]);
  });

  test.skipIf(available.includes('memory'))('a controller that is mounted as v1 is named, with the remedy', () => {
    const folder = ownCgroup(`muster-v1-${process.pid}`);
    const problem = {
      code: 'ENOTSUP',
      message: expect.stringMatching(/^cgroup.memoryMax needs the controller memory, which/),
      hint: expect.any(String),
    };
    expect(() => limitCgroup(folder, limits({ memoryMax: '12M' }))).toThrow(expect.objectContaining(problem));
  });

  test.skipIf(!available.includes('hugetlb'))('a controller is enabled all the way down, and sizes are compared as sizes', () => {
    const name = `muster-hugetlb-${process.pid}`;
    ownCgroup(name);
    const folder = ownCgroup(join(name, 'below', 'web'));
    const spec = limits({ raw: { 'hugetlb.2MB.max': '13M', [descendants]: '7' } });
    limitCgroup(folder, spec);
    expect(text(folder, 'hugetlb.2MB.max')).toBe(String(12 * 1024 ** 2));
    const settings = settingsIn(folder, spec);
    expect(settings).toEqual({ raw: { 'hugetlb.2MB.max': String(12 * 1024 ** 2), [descendants]: '7' } });
    expect(limits(settings).raw).toEqual(settings.raw);
    limitCgroup(folder, undefined, spec);
    expect(settingsIn(folder, undefined)).toEqual({});
    expect(text(folder, 'hugetlb.2MB.max')).toMatch(/^(?:max|\d{10,})$/);
  });
});
