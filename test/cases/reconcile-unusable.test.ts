import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place } from '../support/place.ts';
import { identities } from '../support/untouched.ts';
import { within } from '../support/within.ts';

const three = 'version: 1\nmodules: {a: builtin:heartbeat, b: {module: builtin:heartbeat, requires: [a]}, c: builtin:heartbeat}\n';

/** Expects that a reload exits so, says so, and touches nothing. */
async function expectRefused(place: Place, exitCode: number, ...says: string[]): Promise<void> {
  const before = identities(await place.list());
  const { code, stdout, stderr } = await place.muster('reload');
  expect(code, stderr).toBe(exitCode);
  for (const text of says) expect(stdout + stderr).toContain(text);
  expect(identities(await place.list())).toEqual(before);
}

test.concurrent('24. a config that is empty, gone or a folder leaves every module running', async () => {
  await using place = await createPlace(three);
  await place.up();
  const file = join(place.dir, 'muster.yaml');
  await place.write('muster.yaml', '');
  await expectRefused(place, 1, `${file} is empty`);
  await place.write('muster.yaml', '# modules\n');
  await expectRefused(place, 1, `${file}:1:1`);
  await rm(file);
  await expectRefused(place, 1, `${file} does not exist`);
  await mkdir(file);
  await expectRefused(place, 1, `${file} is a folder`);
  expect(await place.list()).toHaveLength(3);
});

test.concurrent('25. no modules need the word for it, and then leave by --allow-empty in reverse order', async () => {
  await using place = await createPlace(three);
  await place.up();
  await place.write('muster.yaml', 'version: 1\nmodules:\n');
  await expectRefused(place, 1, `${join(place.dir, 'muster.yaml')}:2:1`, 'modules: {}');
  await place.write('muster.yaml', 'version: 1\nmodules: {}\n');
  await expectRefused(place, 8, '--allow-empty');
  expect(await place.list()).toHaveLength(3);

  const { code, stdout, stderr } = await place.muster('reconcile', '--allow-empty', '-o', 'json');
  expect(code, stderr).toBe(0);
  const { changes } = JSON.parse(stdout) as { changes: { name: string; action: string; status: string; after: string[] }[] };
  expect(changes).toMatchObject([
    { name: 'b', action: 'remove', status: 'ok', after: [] },
    { name: 'a', action: 'remove', status: 'ok', after: ['b'] },
    { name: 'c', action: 'remove', status: 'ok', after: [] },
  ]);
  expect(await place.list()).toEqual([]);
});

test.concurrent('26. one unparsable included file among three is named and removes nothing', async () => {
  await using place = await createPlace('version: 1\ninclude: [conf.d/*.yaml]\n');
  for (const name of ['a', 'b', 'c']) await place.write(`conf.d/${name}.yaml`, `modules: {${name}: builtin:heartbeat}\n`);
  await place.up();
  const bad = await place.write('conf.d/b.yaml', 'modules: {b: builtin:heartbeat\n');
  await expectRefused(place, 1, `${bad}:2:1: error syntax`);
  expect(await place.list()).toHaveLength(3);
});

/** Ten anchors, each a list of ten of the one before: 10^10 values. */
function bomb(): string {
  const lists = Array.from({ length: 10 }, (_, level) => {
    const item = level === 0 ? 'x' : `*l${level - 1}`;
    return `  l${level}: &l${level} [${Array.from({ length: 10 }, () => item).join(', ')}]\n`;
  });
  return `version: 1\nx-bomb:\n${lists.join('')}modules: {a: builtin:heartbeat}\n`;
}

test.concurrent('30. tabs, second documents, alias bombs and __proto__ are refused at their place, at once', async () => {
  await using place = await createPlace(three);
  await place.up();
  const file = join(place.dir, 'muster.yaml');
  const cases: [string, string][] = [
    ['version: 1\nmodules:\n\ta: builtin:heartbeat\n', ':3:1: error tabIndent'],
    ['version: 1\nmodules: {a: builtin:heartbeat}\n---\nmodules: {}\n', ':3:1: error multipleDocuments'],
    [bomb(), ': error aliasBomb'],
    ['version: 1\nmodules:\n  a: builtin:heartbeat\n  __proto__: builtin:heartbeat\n', ':4:3: error reservedKey'],
    ['version: 1\nmodules:\n  a: {module: builtin:heartbeat, config: {__proto__: {x: 1}}}\n', ':3:43: error reservedKey'],
  ];
  for (const [text, says] of cases) {
    await place.write('muster.yaml', text);
    await within(10_000, () => expectRefused(place, 1, file, says));
  }
});
