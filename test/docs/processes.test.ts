import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { fencesOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

const page = textOf('processes');

/** A section of the page, by its heading. */
const section = (heading: string): string => page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
const configIn = (text: string): string => fencesOf(text).find(({ language }) => language === 'yaml')?.text ?? '';

test('every config of the page on processes is valid', async () => {
  await using place = await createPlace();
  const files = fencesOf(page).filter(({ language }) => language === 'yaml');
  expect(files).toHaveLength(5);
  for (const { text } of files) {
    await place.write('muster.yaml', text);
    expect((await place.muster('validate', 'muster.yaml')).stdout).toMatch(/^muster\.yaml: valid, \d modules?\n$/);
  }
});

test.each(['Output', 'When the daemon dies'])('what the section "%s" shows happens', async (heading) => {
  const text = section(heading);
  await using place = await createPlace(configIn(text));
  for (const shown of shownIn(text)) await expectShown(shown, place);
  expect(await place.processes()).toEqual([]);
});
