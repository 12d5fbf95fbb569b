import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { rawClient } from '../support/raw-client.ts';
import { configOf, fencesOf, filesOf, textOf } from './page.ts';
import { expectShown, pattern, shownIn } from './shown.ts';

const text = textOf('messages');

test('what the page on messages shows at the terminal, and its client, is so', { timeout: 180_000 }, async () => {
  await using place = await createPlace(configOf(text));
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.up();
  for (const shown of shownIn(text)) await expectShown(shown, place);
});

test('the socket answers line by line as the page shows, and then closes', async () => {
  const session = fencesOf(text).find(({ language, text: lines }) => language === 'text' && lines.startsWith('> '))?.text ?? '';
  const lines = session.trim().split('\n');
  await using place = await createPlace(configOf(text));
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.up();
  using client = await rawClient(place);
  let seen = 0;
  for (const line of lines) {
    if (line.startsWith('> ')) client.write(`${line.slice(2)}\n`);
    else {
      await until(() => client.messages().length > seen, `there is an answer: ${line}`);
      expect(JSON.stringify(client.messages()[seen])).toMatch(pattern(line.slice(2)));
      seen += 1;
    }
  }
  await client.closed;
  expect(client.messages()).toHaveLength(seen);
});
