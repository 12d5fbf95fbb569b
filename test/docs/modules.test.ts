import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { fencesOf, rowsOf, textOf } from './page.ts';

/** Files of the page that say their name in their first line. */
function examples(): { file: string; text: string }[] {
  return fencesOf(textOf('modules')).flatMap(({ language, text }) => {
    const file = language === 'ts' ? /^\/\/ (\S+)\n/.exec(text)?.[1] : undefined;
    return file === undefined ? [] : [{ file, text }];
  });
}

test('the modules of the page run with the config of the page', { timeout: 60_000 }, async () => {
  const entries = fencesOf(textOf('modules')).filter(({ language }) => language === 'yaml');
  const config = entries.map(({ text }) => text.replace('modules:\n', '')).join('');
  await using place = await createPlace(`version: 1\nmodules:\n${config}`);
  for (const { file, text } of examples()) await place.write(file, text);
  await place.up();
  const modules = await place.list();
  expect(modules.map(({ name, state, failed }) => [name, state, failed])).toEqual([
    ['clock', 'R', false],
    ['poller', 'R', false],
    ['web', 'R', false],
    ['worker', 'R', false],
  ]);
  expect((await place.module('web')).status.message).toContain('listening on');
  expect((await place.module('worker')).status.message).toMatch(/^round \d+: (?:odd|even)$/);

  await place.write('muster.yaml', `version: 1\nmodules:\n${config.replace('everyMs: 5000', 'everyMs: often')}`);
  const { result } = await place.reload();
  expect(result.changes.map(({ name, action, status }) => [name, action, status])).toEqual([['poller', 'reconfigure', 'reverted']]);
});

test('the page has every member of the context and no other', () => {
  const source = readFileSync(join(import.meta.dirname, '../../src/model/context.ts'), 'utf8');
  const body = /export interface Context \{\n(.*?)^\}/ms.exec(source)?.[1] ?? '';
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
  const documented = rowsOf('modules', '## The context').flatMap(([cell = '']) => /^\w+(?=\(|$)/.exec(cell) ?? []);
  expect(documented.filter((name) => name !== 'member').sort()).toEqual(members.sort());
});
