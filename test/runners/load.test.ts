import { expect, test } from 'vitest';
import { createSetting, runnerFile, type Setting } from './setting.ts';

/** What the module's main printed as JSON. */
async function printed(setting: Setting, code: string | { file: string }, files: Record<string, string> = {}): Promise<unknown> {
  const module = await setting.start('module', code, { files });
  const end = await module.ended;
  expect(end).toMatchObject({ error: null });
  return JSON.parse(setting.written.get('module') ?? 'null');
}

const print = (what: string): string => `export async function main() { console.log(JSON.stringify(${what})); }`;

test('packages come from the folder of the module: also those that can only be imported', async () => {
  const setting = createSetting(runnerFile);
  const files = {
    'node_modules/only/package.json': '{"name":"only","type":"module","exports":{".":{"import":"./index.js"}}}',
    'node_modules/only/index.js': 'await null; export default "default"; export let count = 0; export const up = () => { count += 1; };',
    'node_modules/old/index.js': 'exports.word = "old"; exports.__esModule = true; exports.default = "inner";',
  };
  const code = `import { readFileSync } from 'node:fs';
    import fs from 'fs';
    import value, { count, up } from 'only';
    import * as all from 'only';
    import old, { word } from 'old';
    export async function main() {
      up();
      const later = await import('only');
      console.log(JSON.stringify([value, count, all.default, later.count, old.word, word, fs.readFileSync === readFileSync]));
    }`;
  expect(await printed(setting, code, files)).toEqual(['default', 1, 'default', 1, 'old', 'old', true]);
});

test('each local file knows its own place', async () => {
  const setting = createSetting(runnerFile);
  const { folder } = setting;
  const code = `import { here } from './lib/here.mjs';
    import common from './lib/common.cjs';
    const place = [import.meta.filename, import.meta.dirname, import.meta.url];
    ${print('[place, here, common]')}`;
  const files = {
    'lib/here.mjs': 'const __dirname = import.meta.dirname; export const here = [import.meta.url, __dirname];',
    'lib/common.cjs': "'use strict'; module.exports = [__filename, __dirname, require('node:path').sep];",
  };
  expect(await printed(setting, code, files)).toEqual([
    [`${folder}/module.ts`, folder, `file://${folder}/module.ts`],
    [`file://${folder}/lib/here.mjs`, `${folder}/lib`],
    [`${folder}/lib/common.cjs`, `${folder}/lib`, '/'],
  ]);
});

test('a CommonJS module with a first line for the shell runs', async () => {
  const setting = createSetting(runnerFile);
  const file = `${setting.folder}/tool.js`;
  const code =
    '#!/usr/bin/env node\nexports.main = async () => { console.log(JSON.stringify([require.resolve("./tool.js"), typeof module])); };';
  expect(await printed(setting, { file }, { 'tool.js': code })).toEqual([file, 'object']);
});

test('a package that is not there is said at the start', async () => {
  const { start } = createSetting(runnerFile);
  const module = await start('module', `import 'no-such-package'; ${print('1')}`);
  await expect(module.ready).rejects.toThrow(/Cannot find package 'no-such-package' imported from .*module\.ts/);
});

test('the stack of an error in a dynamic callback is mapped, asynchronous frames too', async () => {
  const { start, folder } = createSetting(runnerFile);
  const code = `interface Shape { a: number }
type Other = Shape;

async function inner(): Promise<void> {
  await null;
  throw new Error('deep', { cause: new Error('the cause') });
}

export async function main(): Promise<void> {
  await inner();
}`;
  const module = await start('module', code);
  const { error } = await module.ended;
  expect(error?.stack).toContain(`at inner (${folder}/module.ts:6:9)`);
  expect(error?.stack).toMatch(new RegExp(`at async main \\(${folder}/module.ts:10:3\\)`));
  expect(error?.stack).toContain('[cause]: Error: the cause');
  expect(error?.stack).not.toMatch(/realm\.cjs|node:internal/);
});

test('what a handler threw by mistake is in the log of its module, with the lines of the source', async () => {
  const { start, folder, bus, written } = createSetting(runnerFile);
  const code = `interface Order { items: string[] }
export async function main(ctx: any): Promise<void> {
  ctx.handle('count', ({ payload }: { payload: Order }) => payload.items.length);
  ctx.handle('find', () => {
    throw Object.assign(new Error('no such order'), { code: 'ENOENT' });
  });
  await ctx.run();
}`;
  for (const spec of [{}, { isolation: 'shared' }] as const) {
    const module = await start('shop', code, { spec });
    await module.ready;
    for (let times = 0; times < 3; times += 1) await expect(bus.request('shop.count', {})).rejects.toThrow(/reading 'length'/);
    await expect(bus.request('shop.find', {})).rejects.toMatchObject({ code: 'ENOENT' });
    module.stop();
    await module.ended;
  }
  const line = `error: shop.count threw: TypeError: Cannot read properties of undefined (reading 'length')\n    at ${folder}/shop.ts:3:74`;
  expect(written.get('shop')).toBe(`${line}\n${line}\n`);
});

test('a heap beyond its limit ends the module and says so', async () => {
  const { start } = createSetting(runnerFile);
  const code =
    'export async function main(ctx) { ctx.ready(); const all = []; for (;;) { all.push({ a: [1, 2, 3] }); if (all.length % 1e4 === 0) await null; } }';
  const module = await start('module', code, { spec: { maxHeap: 16 * 1024 ** 2 } });
  const { error, reason } = await module.ended;
  expect(error).not.toBeNull();
  expect(reason).toMatch(/memory|runner ended/);
});
