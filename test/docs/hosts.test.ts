import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { createPlace, json } from '../support/place.ts';
import { fencesOf, filesOf, textOf } from './page.ts';
import { bash, expectShown, shownIn } from './shown.ts';

/** One that is free in place of the one that is shown. */
const withFreePort = async (text: string) => text.replaceAll('8080', String(await freePort()));

test('the tour of hosts and components works as pasted', async () => {
  const text = await withFreePort(textOf('hosts'));
  const [config = '', , over = ''] = fencesOf(text).flatMap(({ language, text: yaml }) => (language === 'yaml' ? [yaml] : []));
  await using place = await createPlace(config);
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  await place.write('web1.yaml', over);
  for (const shown of shownIn(text)) await expectShown(shown, place);
  expect(json(await place.muster('validate', '-o', 'json', 'muster.yaml', 'web1.yaml'))).toEqual({ valid: true, diagnostics: [] });
});

test('the example of hosts runs as it is shipped, and so do the edits that it tells of', async () => {
  const examples = join(import.meta.dirname, '../../src/examples');
  const text = await withFreePort(await readFile(join(examples, 'hosts.yaml'), 'utf8'));
  const get = (domain: string) => bash(`curl -s -H 'Host: ${domain}' http://${/127\.0\.0\.1:\d+/.exec(text)?.[0]}/`, place);
  await using place = await createPlace(text);
  cpSync(join(examples, 'components'), join(place.dir, 'components'), { recursive: true });
  await place.write('public/index.html', 'files\n');
  await place.up();
  expect(JSON.parse(await get('a.example.com'))).toMatchObject({ component: 'a', visits: 1, auth: 'internal' });
  expect(JSON.parse(await get('b.example.com'))).toMatchObject({ component: 'b', auth: 'none' });
  const swapped = text.replace('b.example.com:', 'c.example.com:').replace('./components/b.ts', './components/c.ts');
  await place.write('muster.yaml', swapped.replace(/^ {2}# (?= *[a-z.]+\.org:| {2}components:)/gm, '  '));
  const { result } = await place.reload();
  expect(result.changes.map(({ name, action, status }) => `${action} ${name}: ${status}`)).toEqual([
    ...['remove b.example.com: ok', 'load c.example.com: ok', 'load example.org: ok'],
    ...['load a.example.org: ok', 'load files.example.org: ok'],
  ]);
  expect(await get('c.example.com')).toBe('c 1\nc 2\nc 3\n');
  expect(await get('files.example.org')).toBe('files\n');
  expect(JSON.parse(await get('a.example.com'))).toMatchObject({ visits: 2 });
});
