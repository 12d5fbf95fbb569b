import { expect, test } from 'vitest';
import { readSettings } from '../../src/builtin/gateway/settings.ts';
import { freePort } from '../support/free-port.ts';
import { createPlace } from '../support/place.ts';
import { fencesOf, filesOf, rowsOf, textOf } from './page.ts';
import { expectShown, shownIn } from './shown.ts';

test('the components of the page run with its first config, and answer as it shows', async () => {
  const text = textOf('gateway').replaceAll('8080', String(await freePort()));
  const config = fencesOf(text).find(({ language }) => language === 'yaml')?.text;
  await using place = await createPlace(`version: 1\n${config}`);
  for (const { file, text: code } of filesOf(text)) await place.write(file, code);
  for (const shown of shownIn(text)) await expectShown(shown, place);
});

test('the table of settings has every one, and its default', () => {
  const { listen, limits, accessLog, trustProxies } = readSettings({});
  const of = new Map(rowsOf('gateway', '## Settings').map(([keys = '', value = '']) => [keys.replaceAll('`', ''), value]));
  expect(of.get('listen')).toBe(listen[0]?.text);
  expect([of.get('accessLog'), of.get('trustProxies')]).toEqual([String(accessLog), JSON.stringify(trustProxies)]);
  const shown = Object.fromEntries(Object.keys(limits).map((key) => [key, of.get(`limits.${key}`)]));
  const written = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
  const numbers = Object.fromEntries(
    Object.entries(written).map(([key, value]) => [key, /^\d+$/.test(value ?? '') ? Number(value) : value]),
  );
  expect(readSettings({ limits: numbers }).limits).toEqual(limits);
  expect(Object.keys(written)).toEqual(Object.keys(limits));
});
