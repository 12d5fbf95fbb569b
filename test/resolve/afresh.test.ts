import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LoadedRecord } from '../../src/model/module.ts';
import type { Resolver } from '../../src/resolve/resolver.ts';
import { configOf, entry, resolverIn, tempFolder, write } from './setting.ts';

const greeter = "import { word } from './words.ts';\nexport async function main(): Promise<void> {}\nexport const said: string = word;\n";

async function loaded(resolver: Resolver, folder: string): Promise<LoadedRecord> {
  const what = entry('greeter', 'code', { module: join(folder, 'greeter.ts'), files: [join(folder, 'words.txt')] });
  return { ...(await resolver.resolveOne(what, null, [])), origin: 'manual', generation: 0 };
}

function setting() {
  const folder = tempFolder({ 'greeter.ts': greeter, 'words.ts': "export const word = 'hi';", 'words.txt': 'hello' });
  return { folder, resolver: resolverIn(folder) };
}

test('a loaded module has the code that its files hold now, and its own spec', async () => {
  const { folder, resolver } = setting();
  const record = await loaded(resolver, folder);
  expect((await resolver.afresh(record)).codeDigest).toBe(record.codeDigest);
  write(folder, { 'words.ts': "export const word = 'servus';" });
  const { codeDigest, spec, specDigest } = await resolver.afresh(record);
  expect(codeDigest).not.toBe(record.codeDigest);
  expect({ spec, specDigest }).toEqual({ spec: record.spec, specDigest: record.specDigest });
  expect((await resolver.material(await resolver.afresh(record))).codeFile).toContain(codeDigest ?? 'none');
});

test('code that does not compile, or a file that is not there, is said', async () => {
  const { folder, resolver } = setting();
  const record = await loaded(resolver, folder);
  write(folder, { 'words.ts': 'export const word = ;' });
  await expect(resolver.afresh(record)).rejects.toMatchObject({ code: 'EINVAL' });
  const gone = { ...record, spec: { ...record.spec, files: [join(folder, 'gone.txt')] } };
  await expect(resolver.afresh(gone)).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('gone.txt') });
});

test('its files are those that the code is made of, also of a module that no config declares', async () => {
  const { folder, resolver } = setting();
  const record = await loaded(resolver, folder);
  const files = ['greeter.ts', 'words.ts', 'words.txt'].map((file) => join(folder, file));
  expect(new Set(await resolver.codeFiles([record]))).toEqual(new Set(files));
  await resolver.resolve(configOf([]));
  write(folder, { 'words.ts': 'export const word = ;' });
  expect(new Set(await resolver.codeFiles([record]))).toEqual(new Set(files));
  expect(await resolver.codeFiles([{ ...record, path: 'builtin:heartbeat' }])).toEqual([join(folder, 'words.txt')]);
});

test('after a restart of the daemon code that does not compile is watched by its entry', async () => {
  const { folder, resolver } = setting();
  const record = await loaded(resolver, folder);
  write(folder, { 'words.ts': 'export const word = ;' });
  expect(await resolverIn(tempFolder()).codeFiles([record])).toEqual([join(folder, 'greeter.ts'), join(folder, 'words.txt')]);
});
