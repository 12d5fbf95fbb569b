import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { configOf, fencesOf, filesOf, rowsOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

const text = textOf('modules');

test('the modules of the page run with the config of the page and do what the page shows', { timeout: 240_000 }, async () => {
  await using place = await createPlace(configOf(text));
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.up();
  const states = (await place.list()).map(({ name, state, failed }) => [name, state, failed]);
  expect(states).toEqual(states.map(([name]) => [name, 'R', false]));
  expect((await place.module('web')).status.message).toContain('listening on');
  expect((await place.module('worker')).status.message).toMatch(/^round \d+: (?:odd|even)$/);
  expect((await place.module('who')).status).toMatchObject({ level: 'info', message: 'started with 2 arguments' });
  for (const shown of shownIn(text)) await expectShown(shown, place);
});

test('every module of the page is in its config or imported by one that is', () => {
  const config = configOf(text);
  const code = fencesOf(text).map(({ text: fence }) => fence);
  for (const { file } of filesOf(text)) {
    const imported = code.some((each) => each.includes(`from './${file.split('/').at(-1)}'`));
    expect(config.includes(`module: ./${file}`) || imported, file).toBe(true);
  }
});

test('the page has every member of the context and no other, and uses each', () => {
  const source = readFileSync(join(import.meta.dirname, '../../src/model/context.ts'), 'utf8');
  const body = /export interface Context \{\n(.*?)^\}/ms.exec(source)?.[1] ?? '';
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:<]/gm)].map(([, name = '']) => name);
  const documented = rowsOf('modules', '## The context').flatMap(([cell = '']) => /^\w+(?=\(|$)/.exec(cell) ?? []);
  expect(documented.filter((name) => name !== 'member').sort()).toEqual(members.sort());
  const code = filesOf(text)
    .map((file) => file.text)
    .join('\n');
  for (const member of members) expect(code, member).toMatch(new RegExp(`\\bctx\\.${member}\\b`));
});
