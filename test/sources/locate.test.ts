import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateConfig } from '../../src/sources/locate.ts';
import { put, tempFolder } from './setting.ts';

const at = (folder: string, env: Record<string, string> = {}) => ({
  files: [],
  env,
  cwd: join(folder, 'here'),
  home: join(folder, 'home'),
  uid: 1,
});

test('a config is looked for in the folder, then below the home folder, and -c beats all', async () => {
  const folder = tempFolder();
  put(join(folder, 'home/.config/muster/muster.yaml'), 'version: 1\n');
  expect(await locateConfig(at(folder))).toEqual([join(folder, 'home/.config/muster/muster.yaml')]);
  put(join(folder, 'xdg/muster/muster.yaml'), 'version: 1\n');
  expect(await locateConfig(at(folder, { XDG_CONFIG_HOME: join(folder, 'xdg') }))).toEqual([join(folder, 'xdg/muster/muster.yaml')]);
  put(join(folder, 'here/muster.yaml'), 'version: 1\n');
  expect(await locateConfig(at(folder))).toEqual([join(folder, 'here/muster.yaml')]);
  expect(await locateConfig(at(folder, { MUSTER_CONFIG: 'other.yaml' }))).toEqual([join(folder, 'here/other.yaml')]);
  expect(await locateConfig({ ...at(folder), files: ['a.yaml', '/b.yaml'] })).toEqual([join(folder, 'here/a.yaml'), '/b.yaml']);
});

test('where there is none the places are named in their order', async () => {
  const folder = tempFolder();
  const places = ['here/muster.yaml', 'home/.config/muster/muster.yaml'].map((name) => join(folder, name));
  await expect(locateConfig(at(folder))).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining([...places, '/etc/muster/muster.yaml'].join(', ')),
  });
});
