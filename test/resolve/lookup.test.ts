// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a module may name itself
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nameIn } from '../../src/resolve/exports.ts';
import { configOf, entry, resolverIn, tempFolder } from './setting.ts';

const code = 'export function main() {}\n';

async function found(folder: string, module: string): Promise<string> {
  const resolver = resolverIn(folder);
  const desired = (await resolver.resolve(configOf([entry('m', 'code', { module })], [join(folder, 'lib'), join(folder, 'more')]))).get(
    'm',
  );
  return desired?.problem === undefined
    ? (desired?.path ?? '').replace(`${folder}/`, '')
    : `${desired.problem.code}: ${desired.problem.message.replaceAll(`${folder}/`, '')}`;
}

/** What is asked for -> where it is found, in folders `lib` and `more` of the module path. */
const places: Record<string, [asked: string, found: string]> = {
  'a file with its extension': ['tiny.mjs', 'lib/tiny.mjs'],
  'a file without it': ['tiny', 'lib/tiny.mjs'],
  'one that only the second folder has': ['second', 'more/second.ts'],
  'a folder with main': ['main', 'lib/main/src/x.ts'],
  'a folder with exports': ['exports', 'lib/exports/a.js'],
  'a folder whose exports depend on conditions': ['conditions', 'lib/conditions/esm.mjs'],
  'a folder with exports of CommonJS alone': ['common', 'lib/common/c.cjs'],
  'a folder whose exports are of something inside of it alone': ['inside', 'lib/inside/index.ts'],
  'a folder with an index file': ['index', 'lib/index/index.js'],
  'a name that nothing has': ['nothing', 'ENOENT: no module "nothing" in lib, more'],
  'exports of what is not there': ['broken', 'ENOENT: lib/broken/package.json names "exports": "./gone.js", which does not exist'],
  'a manifest that is none': ['text', 'EINVAL: lib/text/package.json is no JSON'],
  'a file that names itself as it is looked for': ['named', 'lib/named.ts'],
  'a file that names itself otherwise': ['wrong', 'EINVAL: lib/wrong.ts was found as "wrong", but names itself "right"'],
};

for (const [what, [asked, where]] of Object.entries(places)) {
  test(`a bare name finds ${what}: ${where}`, async () => {
    const folder = tempFolder({
      'lib/tiny.mjs': code,
      'more/tiny.ts': code,
      'more/second.ts': code,
      'lib/main/package.json': '{"main": "src/x"}',
      'lib/main/src/x.ts': code,
      'lib/exports/package.json': '{"main": "b.js", "exports": {".": "./a.js"}}',
      'lib/exports/a.js': code,
      'lib/exports/b.js': code,
      'lib/conditions/package.json':
        '{"exports": {"types": "./t.d.ts", "browser": "./b.js", "import": {"node": "./esm.mjs"}, "default": "./c.cjs"}}',
      'lib/conditions/esm.mjs': code,
      'lib/common/package.json': '{"exports": {".": {"require": "./c.cjs"}}}',
      'lib/common/c.cjs': 'exports.main = () => {};',
      'lib/inside/package.json': '{"exports": {"./x": "./x.js"}}',
      'lib/inside/index.ts': code,
      'lib/index/index.js': code,
      'lib/broken/package.json': '{"exports": "./gone.js"}',
      'lib/text/package.json': 'main: x',
      'lib/named.ts': `export const name = 'named';\n${code}`,
      'lib/wrong.ts': `export const name: string = "right";\n${code}`,
    });
    expect(await found(folder, asked)).toBe(where);
  });
}

test('a module that is named by its path may name itself as it likes', async () => {
  const folder = tempFolder({ 'wrong.ts': `export const name = 'right';\n${code}` });
  expect(await found(folder, join(folder, 'wrong.ts'))).toBe('wrong.ts');
});

test('the name that a module exports is read without running it, from whatever its path stands for', async () => {
  const folder = tempFolder({
    'a.ts': `throw new Error('it was run');\nexport const name = 'greeter' as const;\n`,
    'b.cjs': "exports.name = 'common';",
    'c.mjs': 'export const name = `plain`;',
    'd.mjs': 'const who = 1;\nexport const name = `d${who}`;',
    'e.mjs': "// export const name = 'no';\n * export const name = 'no';",
    'pack/package.json': '{"main": "./lib/start.js"}',
    'pack/lib/start.js': "export const name = 'packed';",
  });
  const names = ['a.ts', 'a', 'b.cjs', 'c.mjs', 'd.mjs', 'e.mjs', 'pack', 'nothing'].map((path) => nameIn(join(folder, path)));
  expect(await Promise.all(names)).toEqual(['greeter', 'greeter', 'common', 'plain', null, null, 'packed', null]);
});
