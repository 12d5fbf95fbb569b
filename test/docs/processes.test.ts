import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { fencesOf, textOf } from './page.ts';

test('the example of the page on processes is valid', async () => {
  const [example = ''] = fencesOf(textOf('processes')).map(({ text }) => text);
  await using place = await createPlace(example);
  expect((await place.muster('validate', 'muster.yaml')).stdout).toBe('muster.yaml: valid, 3 modules\n');
});
