import { test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { filesOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

const text = textOf('packages');

test('the tour of packages works as pasted', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  beat: builtin:heartbeat\n');
  for (const { file, text: code } of filesOf(text)) await place.write(file, code.replace(/^\/\/ .*\n/, ''));
  await place.up();
  for (const shown of shownIn(text)) await expectShown(shown, place);
});
