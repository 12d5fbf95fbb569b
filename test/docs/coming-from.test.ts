import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { hasTest } from './cases.ts';
import { configOf, filesOf, rowsOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

const text = textOf('coming-from');

test('the tour for who comes from flux-module works as pasted', async () => {
  await using place = await createPlace(configOf(text));
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.up();
  for (const shown of shownIn(text)) await expectShown(shown, place);
});

test.each([
  ['## flux-module(1)', 11, 'on all targeted ranks'],
  ['## MuonTrap.Daemon', 11, ''],
  ['## Prosody mod_reload_components', 7, ''],
  ['## PM2 modules', 13, ''],
])('each row of the table %s names a test that is there', (heading, least, open) => {
  const rows = rowsOf('coming-from', heading).filter(([there]) => there !== 'there');
  expect(rows.length).toBeGreaterThanOrEqual(least);
  for (const [there = '', , , shownBy = ''] of rows) {
    const named = [...shownBy.matchAll(/`([a-z-]+)` (\d+|[a-z][^`]*?)(?=, `|$)/g)];
    if (there !== open) expect(named.length, there).toBeGreaterThan(0);
    for (const [, file = '', test = ''] of named) expect(hasTest(file, test), `${file} ${test}`).toBe(true);
  }
});
