import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CgroupDoc } from '../../src/model/documents.ts';
import { noCgroups, rootFolder } from '../keeper/support/cgroups.ts';
import { createPlace, json, type Place, until } from '../support/place.ts';

const base = `muster-base-${process.pid}`;
const command = ['sleep', '1000'];
const settings = { raw: { 'cgroup.max.depth': '3', 'cgroup.max.descendants': '5' } };
const modules = {
  plain: { command, arg0: 'nap' },
  ...(process.getuid?.() === 0 ? { other: { command, cwd: '/', arg0: 'nap', user: 'nobody' } } : {}),
  ...(noCgroups === null
    ? { limited: { command, cgroup: settings }, below: { command, cgroup: { base } }, named: { command, cgroup: { base, path: 'a/b' } } }
    : {}),
};
const config = (more = {}): string => JSON.stringify({ version: 1, policy: { watch: 'off' }, modules: { ...modules, ...more } });

describe('what users of MuonTrap have', () => {
  let place: Place;
  beforeAll(async () => {
    place = await createPlace(config());
    await place.up();
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await until(() => !existsSync(join(rootFolder, base)), 'nothing of it is left');
  });

  const shown = async (name: string) => json(await place.muster('cgroup', name, '--json')) as CgroupDoc;

  test('the first argument is that of the config, with a cgroup and as another user too', async () => {
    const named = (await place.list()).filter(({ name }) => name === 'plain' || name === 'other');
    for (const { pid, name } of named) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), name).toBe('nap\x001000\0');
  });

  test.skipIf(noCgroups !== null)('the settings of one are fit to start another with', async () => {
    expect((await place.muster('cgroup', 'limited', 'cgroup.max.depth=4')).stdout).toBe('4\n');
    const { settings: found } = await shown('limited');
    expect(found).toEqual({ raw: { ...settings.raw, 'cgroup.max.depth': '4' } });
    await place.write('muster.yaml', config({ another: { command, cgroup: found } }));
    expect((await place.reload()).ran.code).toBe(0);
    expect(await shown('another')).toMatchObject({ settings: found });
  });

  test.skipIf(noCgroups !== null)('a cgroup is below the base that is given, at the path that is given', async () => {
    expect((await shown('named')).path).toBe(join(rootFolder, base, 'a/b'));
    const [plain, below] = [(await shown('plain')).path, (await shown('below')).path];
    expect(dirname(dirname(plain))).toBe(join(rootFolder, 'muster'));
    expect(below).toBe(plain.replace(join(rootFolder, 'muster'), join(rootFolder, base)).replace(/plain$/, 'below'));
  });
});
