import { expect, test } from 'vitest';
import { createPlace, json } from '../support/place.ts';
import { fencesOf, textOf } from './page.ts';

const [example = '', over = ''] = fencesOf(textOf('config'))
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => text);

test('the examples of the page on the config are valid, alone and merged', async () => {
  await using place = await createPlace(example);
  await place.write('conf.d/gc.yaml', 'modules:\n  gc: {command: [sleep, "1000"]}\n');
  await place.write('web1.yaml', over);
  const alone = await place.muster('validate', '-o', 'json', 'muster.yaml');
  expect(json(alone)).toEqual({ valid: true, diagnostics: [] });
  expect((await place.muster('validate', 'muster.yaml')).stdout).toBe('muster.yaml: valid, 4 modules\n');
  expect((await place.muster('validate', 'muster.yaml', 'web1.yaml')).stdout).toContain('valid, 3 modules');
});
