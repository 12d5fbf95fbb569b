import { chmodSync, mkdirSync, renameSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFileReader } from '../../src/sources/files.ts';
import { pause, put, realClock, tempFolder } from './setting.ts';

const reader = () => createFileReader({ clock: realClock });

test('a file is read whole, without its byte order mark', async () => {
  const folder = tempFolder({ 'a.yaml': '\uFEFFa: ü\r\n' });
  const { path, text, sha256 } = await reader().file(join(folder, 'a.yaml'));
  expect({ path, text }).toEqual({ path: join(folder, 'a.yaml'), text: 'a: ü\r\n' });
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('each thing that cannot be read has its own refusal', async () => {
  const folder = tempFolder({ 'empty.yaml': '', 'blank.yaml': '\n \n', 'a/b.yaml': 'x' });
  put(join(folder, 'latin.yaml'), Uint8Array.from([0x61, 0x3a, 0x20, 0xfc, 0x0a]));
  writeFileSync(join(folder, 'huge.yaml'), '');
  truncateSync(join(folder, 'huge.yaml'), 65 * 1024 ** 2);
  symlinkSync('/dev/null', join(folder, 'device'));
  symlinkSync('loop', join(folder, 'loop'));
  const refusals: Record<string, [code: string, message: RegExp]> = {
    'missing.yaml': ['ENOENT', /does not exist/],
    'a/b.yaml/c': ['ENOENT', /does not exist/],
    'empty.yaml': ['EBUSY', /is empty/],
    'blank.yaml': ['EBUSY', /is empty/],
    a: ['EINVAL', /is a folder/],
    device: ['EINVAL', /is no regular file/],
    'latin.yaml': ['EINVAL', /is not UTF-8/],
    'huge.yaml': ['E2BIG', /bytes/],
    loop: ['EINVAL', /leads back to itself/],
  };
  for (const name of Object.keys(refusals))
    if (!['loop', 'device', 'missing.yaml', 'a/b.yaml/c'].includes(name)) utimesSync(join(folder, name), 1, 1);
  for (const [name, [code, message]] of Object.entries(refusals)) {
    await expect(reader().file(join(folder, name)), name).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  }
});

test('a file without permission says so', async ({ skip }) => {
  skip(process.getuid?.() === 0, 'root reads everything');
  const folder = tempFolder({ 'a.yaml': 'a: 1\n' });
  chmodSync(join(folder, 'a.yaml'), 0);
  await expect(reader().file(join(folder, 'a.yaml'))).rejects.toMatchObject({ code: 'EACCES' });
});

test('a file that is being written is waited for', async () => {
  const folder = tempFolder({ 'a.yaml': 'a: 1\n' });
  const file = join(folder, 'a.yaml');
  const files = reader();
  await files.file(file);
  truncateSync(file);
  const reading = files.file(file);
  for (const piece of ['b: 1', '\nc: ', '2\n']) {
    await pause(40);
    writeFileSync(file, piece, { flag: 'a' });
  }
  expect((await reading).text).toBe('b: 1\nc: 2\n');
});

test('a file that lost its last line break, or everything, is refused after a moment, and read again once it is whole', async () => {
  const file = join(tempFolder({ 'a.yaml': 'a: 1\n' }), 'a.yaml');
  const files = reader();
  await files.file(file);
  writeFileSync(file, 'a: 1\nb: 2');
  await expect(files.file(file)).rejects.toMatchObject({ code: 'EBUSY', hint: 'end the file with a line break' });
  writeFileSync(file, '');
  await expect(files.file(file)).rejects.toMatchObject({ code: 'EBUSY', message: expect.stringMatching(/is empty/) });
  writeFileSync(file, 'a: 1\nb: 2\n');
  expect((await files.file(file)).text).toBe('a: 1\nb: 2\n');
});

test('a file that never had a line break at its end is read', async () => {
  const file = join(tempFolder({ 'a.yaml': 'a: 1' }), 'a.yaml');
  expect((await reader().file(file)).text).toBe('a: 1');
});

test('a file that vanishes for a moment is waited for', async () => {
  const file = join(tempFolder({ 'a.yaml': 'a: 1\n' }), 'a.yaml');
  const files = reader();
  await files.file(file);
  renameSync(file, `${file}~`);
  const reading = files.file(file);
  await pause(100);
  writeFileSync(file, 'a: 2\n');
  expect((await reading).text).toBe('a: 2\n');
});

test('an unchanged old file is not read again; a changed one is, also where size and time are the same', async () => {
  const file = join(tempFolder({ 'a.yaml': 'a: 1\n' }), 'a.yaml');
  utimesSync(file, 1000, 1000);
  const files = reader();
  const first = await files.file(file);
  expect(await files.file(file)).toBe(first);
  writeFileSync(file, 'a: 2\n');
  utimesSync(file, 1000, 1000);
  expect((await files.file(file)).text).toBe('a: 2\n');
});

test('a pattern matches files in segments, sorted, without what editors hide', async () => {
  const names = [
    'conf.d/b.yaml',
    'conf.d/a.yaml',
    'conf.d/.#a.yaml',
    'conf.d/a.yaml~',
    'conf.d/c.yml',
    'x1/m.yaml',
    'x2/m.yaml',
    'y/m.yaml',
  ];
  const folder = tempFolder(Object.fromEntries(names.map((name) => [name, 'a: 1\n'])));
  mkdirSync(join(folder, 'conf.d/folder.yaml'));
  symlinkSync('nowhere', join(folder, 'conf.d/dangling.yaml'));
  const files = reader();
  const found = async (pattern: string) => (await files.glob(join(folder, pattern))).map((path) => path.slice(folder.length + 1));
  expect(await found('conf.d/*.yaml')).toEqual(['conf.d/a.yaml', 'conf.d/b.yaml', 'conf.d/dangling.yaml']);
  expect(await found('x?/m.yaml')).toEqual(['x1/m.yaml', 'x2/m.yaml']);
  expect(await found('*/*.y?ml')).toEqual([...(await found('*/*.yaml'))].sort());
  expect(await found('nope/*.yaml')).toEqual([]);
});
