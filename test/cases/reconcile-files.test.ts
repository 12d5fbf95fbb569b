import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

const showsItself = join(import.meta.dirname, 'fixtures/shows-itself.mjs');

/** A variable as a config refers to it. */
function filled(inside: string): string {
  return `\${${inside}}`;
}

async function shown(place: Place, file: string): Promise<{ args: string[]; config: unknown; marker: string | null }> {
  return JSON.parse(await readFile(join(place.dir, file), 'utf8')) as { args: string[]; config: unknown; marker: string | null };
}

test.concurrent('23. a module declared twice is refused, and both places are named', async () => {
  await using place = await createPlace('version: 1\nmodules: {keep: builtin:heartbeat}\n');
  await place.up();
  const before = identities(await place.list());
  const [one, two] = [await place.write('conf.d/one.yaml', '\nmodules:\n  twin: builtin:heartbeat\n'), join(place.dir, 'conf.d/two.yaml')];
  await place.write('conf.d/two.yaml', 'modules:\n  other: builtin:heartbeat\n  twin: builtin:heartbeat\n');
  const main = await place.write('muster.yaml', 'version: 1\ninclude: [conf.d/*.yaml]\nmodules: {keep: builtin:heartbeat}\n');
  const included = await place.muster('reload');
  expect(included.code).toBe(1);
  expect(included.stderr).toContain(`${two}:3:3: error duplicateModule`);
  expect(included.stderr).toContain(`${one}:3`);
  expect(identities(await place.list())).toEqual(before);

  await place.write(
    'muster.yaml',
    'version: 1\nmodules:\n  keep: builtin:heartbeat\n  twin: builtin:heartbeat\n\n  twin: builtin:heartbeat\n',
  );
  const inOneMap = await place.muster('reload');
  expect(inOneMap.code).toBe(1);
  expect(inOneMap.stderr).toContain(`${main}:6:3: error`);
  expect(inOneMap.stderr).toContain(`${main}:4`);
  expect(identities(await place.list())).toEqual(before);
});

test.concurrent('27. variables are filled in, and one that is unset is named at its place', async () => {
  await using place = await createPlace('version: 1\nmodules: {keep: builtin:heartbeat}\n');
  await place.up();
  const before = identities(await place.list());
  const entry = (value: string) => `version: 1
modules:
  keep: builtin:heartbeat
  web:
    module: ${showsItself}
    args: [${join(place.dir, 'out')}, "${value}"]
`;
  const column = `    args: [${join(place.dir, 'out')}, `.length + 1;
  const at = `${join(place.dir, 'muster.yaml')}:6:${column}: error unsetVariable: `;
  for (const [value, says] of [
    [filled('MUSTER_TEST_PORT'), 'MUSTER_TEST_PORT'],
    [filled('MUSTER_TEST_X:?say why'), 'say why'],
  ] as const) {
    await place.write('muster.yaml', entry(value));
    const { code, stderr } = await place.muster('reload');
    expect(code).toBe(1);
    expect(stderr.split('\n').find((line) => line.startsWith(at))).toContain(says);
    expect(identities(await place.list())).toEqual(before);
  }
  await place.write('muster.yaml', entry(`${filled('MUSTER_TEST_PORT:-80')} $$ $${filled('HOME')} $HOME ${filled('HOME')}`));
  const { ran } = await place.reload();
  expect(ran.code, ran.stderr).toBe(0);
  expect((await shown(place, 'out')).args.slice(1)).toEqual([`80 $ ${filled('HOME')} $HOME ${process.env.HOME}`]);
});

test.concurrent('28. of two -c files the second sets one key and removes another; all else is of the first', async () => {
  await using place = await createPlace(`version: 1
modules:
  keep: builtin:heartbeat
  gone: builtin:heartbeat
  web:
    module: ${showsItself}
    args: [out]
    config: {color: red, size: {x: 1, y: 2}}
    env: {MARKER: base}
    startTimeout: 7s
    stopTimeout: 8s
`);
  const out = join(place.dir, 'out');
  await place.write(
    'over.yaml',
    `modules:\n  gone: null\n  web: {args: [${out}], config: {size: {x: 5, y: null}}, startTimeout: null, stopTimeout: 9s}\n`,
  );
  const ran = await place.muster('up', '-d', '-c', 'muster.yaml', '-c', 'over.yaml');
  expect(ran.code, ran.stderr).toBe(0);
  expect((await place.list()).map(({ name }) => name)).toEqual(['keep', 'web']);
  expect(await shown(place, 'out')).toMatchObject({ args: [out], config: { color: 'red', size: { x: 5 } }, marker: 'base' });
  const { spec } = JSON.parse((await place.muster('info', 'web', '--json')).stdout) as { spec: Record<string, unknown> };
  expect(spec).toMatchObject({ config: { color: 'red', size: { x: 5 } }, startTimeout: 30_000, stopTimeout: 9000 });

  await place.write('over.yaml', 'modules: {web: {args: null, config: {color: blue}}}\n');
  const { result } = await place.reload();
  expect(result.changes.map(({ name, action }) => [name, action])).toEqual([
    ['gone', 'load'],
    ['web', 'reload'],
  ]);
});

test.concurrent('29. a relative path in an included file starts from the folder of that file', async () => {
  await using place = await createPlace('version: 1\ninclude: [parts/edge/*.yaml]\nmodules: {keep: builtin:heartbeat}\n');
  await mkdir(join(place.dir, 'parts/code'), { recursive: true });
  await copyFile(showsItself, join(place.dir, 'parts/code/web.mjs'));
  await place.write('parts/edge/web.yaml', `modules: {web: {module: ../code/web.mjs, args: [${join(place.dir, 'out')}]}}\n`);
  await place.up();
  expect(await place.module('web')).toMatchObject({ state: 'R', path: join(place.dir, 'parts/code/web.mjs') });
  expect((await place.module('web')).declaredAt).toMatchObject({ file: join(place.dir, 'parts/edge/web.yaml'), line: 1 });
  expect((await shown(place, 'out')).args).toHaveLength(1);
});
