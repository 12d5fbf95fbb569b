import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createPlace, json } from '../support/place.ts';
import { fencesOf, filesOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

/** A port that was free a moment ago, in place of the one that the page has. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('the tour of hosts and components works as pasted', async () => {
  const text = textOf('hosts').replaceAll('8080', String(await freePort()));
  const [config = '', , over = ''] = fencesOf(text).flatMap(({ language, text: yaml }) => (language === 'yaml' ? [yaml] : []));
  await using place = await createPlace(config);
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.write('web1.yaml', over);
  for (const shown of shownIn(text)) await expectShown(shown, place);
  expect(json(await place.muster('validate', '-o', 'json', 'muster.yaml', 'web1.yaml'))).toEqual({ valid: true, diagnostics: [] });
});
