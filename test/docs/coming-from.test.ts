import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { configOf, filesOf, rowsOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

const text = textOf('coming-from');

test('the tour for who comes from flux-module works as pasted', { timeout: 120_000 }, async () => {
  await using place = await createPlace(configOf(text));
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.up();
  for (const shown of shownIn(text)) await expectShown(shown, place);
});

test('each case that the parity table names is there, and each row but ranks names one', () => {
  const rows = rowsOf('coming-from', '## flux-module(1)').filter(([there]) => there !== 'there');
  for (const [there = '', , , shownBy = ''] of rows) {
    const named = [...shownBy.matchAll(/([a-z-]+)`? (\d+)/g)];
    if (there !== 'on all targeted ranks') expect(named.length, there).toBeGreaterThan(0);
    for (const [, file, number] of named) {
      const cases = readFileSync(join(import.meta.dirname, `../cases/${file}.test.ts`), 'utf8');
      expect(cases, `${file} ${number}`).toMatch(new RegExp(`'(?:\\d+\\. and )?${number}\\. `));
    }
  }
});
