import { expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const source = `import { word } from './words.ts';
import type { Context } from 'musterd';
export async function main(ctx: Context): Promise<void> {
  ctx.handle('word', () => word);
  await ctx.run();
}
`;
const words = (word: string) => `export const word: string = ${JSON.stringify(word)};\n`;

async function greeting(place: Place): Promise<unknown> {
  using daemon = await talk(place);
  return await daemon.ask('greeter.word');
}

test.concurrent('a module that is watched is loaded again when its code changes, and nothing else is', async () => {
  await using place = await createPlace(
    'version: 1\npolicy: {watch: off}\nmodules:\n  greeter: {module: ./greeter.ts, watch: true}\n  other: ./greeter.ts\n',
  );
  await place.write('greeter.ts', source);
  await place.write('words.ts', words('hello'));
  await place.up();
  const { generation } = await place.status();
  const other = await place.module('other');
  await place.write('words.ts', words('servus'));
  await until(async () => (await greeting(place)) === 'servus', 'the new code answers');
  expect((await place.module('other')).startedAt).toBe(other.startedAt);
  // The new code answers before the run that brought it is recorded.
  await until(async () => (await place.status()).generation !== generation, 'the run is recorded');
  const status = await place.status();
  expect(status.drift).toEqual([]);
  expect(status.generation).toBe(generation + 1);
  expect(status.lastReconcile).toMatchObject({ trigger: 'watch', changes: [{ name: 'greeter', action: 'reload', status: 'ok' }] });

  // What does not compile, or does not start, leaves the old one running.
  await place.write('words.ts', 'export const word: string = ;\n');
  const told = async () => (await place.muster('events')).stdout;
  await until(async () => (await told()).includes('greeter stays as it is'), 'it is said that the code does not compile');
  expect(await greeting(place)).toBe('servus');
  await place.write('words.ts', "throw new Error('not today');\nexport const word = '';\n");
  await until(async () => (await place.status()).lastReconcile?.exitCode === 4, 'the new code is tried');
  expect((await place.status()).lastReconcile?.changes).toMatchObject([{ name: 'greeter', status: 'reverted' }]);
  expect(await greeting(place)).toBe('servus');

  await place.write('words.ts', words('moin'));
  await until(async () => (await greeting(place)) === 'moin', 'the mended code answers');
});
