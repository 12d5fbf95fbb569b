import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createConfinedReader } from '../../src/sources/confined.ts';

/** A checkout behind a link, beside files that are nobody's business there. */
async function checkout() {
  const dir = await mkdtemp(join(tmpdir(), 'muster-confined-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const write = async (path: string, text: string | Uint8Array): Promise<void> => {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  await write('one/conf.d/a.yaml', 'a\n');
  await write('one/conf.d/b.yaml', 'b\n');
  await write('outside.yaml', 'secret\n');
  await symlink('one', join(dir, 'current'));
  const root = join(dir, 'current');
  const reader = createConfinedReader(root);
  const code = (path: string) =>
    reader.file(path).then(
      ({ text }) => text,
      (error: { code: string }) => error.code,
    );
  return { dir, root, reader, code, write };
}

test('reads files below the folder by the names they have there, at once, whatever they look like', async () => {
  const { dir, root, reader, code, write } = await checkout();
  expect(await reader.glob(join(root, 'conf.d/*.yaml'))).toEqual([join(root, 'conf.d/a.yaml'), join(root, 'conf.d/b.yaml')]);
  expect(await reader.file(join(root, 'conf.d/a.yaml'))).toMatchObject({ path: join(root, 'conf.d/a.yaml'), text: 'a\n' });
  await write('two/conf.d/a.yaml', 'no line break');
  await symlink('two', join(dir, 'next'));
  await rename(join(dir, 'next'), root);
  expect(await code(join(root, 'conf.d/a.yaml'))).toBe('no line break');
  expect(await code(join(root, 'conf.d/b.yaml'))).toBe('ENOENT');
});

test('what lies outside is refused, by its path and by links, and it is not told whether it is there', async () => {
  const { dir, root, reader, code } = await checkout();
  await symlink(join(dir, 'outside.yaml'), join(dir, 'one/link.yaml'));
  await symlink('../..', join(dir, 'one/conf.d/up'));
  await symlink('a.yaml', join(dir, 'one/conf.d/same.yaml'));
  for (const path of ['link.yaml', 'conf.d/up/outside.yaml']) expect(await code(join(root, path))).toBe('EPERM');
  for (const path of ['outside.yaml', 'missing.yaml', 'currently.yaml']) expect(await code(join(dir, path))).toBe('EPERM');
  await expect(reader.glob(join(dir, '*.yaml'))).rejects.toMatchObject({ code: 'EPERM' });
  expect(await code(join(root, 'conf.d/same.yaml'))).toBe('a\n');
});

test('folders and what is no UTF-8 are refused', async () => {
  const { root, code, write } = await checkout();
  await write('one/bytes.yaml', Uint8Array.of(0xff, 0xfe, 0x00));
  expect([await code(join(root, 'conf.d')), await code(join(root, 'bytes.yaml'))]).toEqual(['EINVAL', 'EINVAL']);
});
