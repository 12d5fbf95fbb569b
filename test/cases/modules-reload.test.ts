import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

test('36. a module that saves its state goes on with it after a reload', async () => {
  await using place = await createPlace(`version: 1\nmodules:\n  counts: ${fixture('counts-on.mjs')}\n`);
  await place.up();
  using daemon = await talk(place);
  for (let times = 0; times < 3; times++) await daemon.ask('counts.count');
  const { startedAt } = await place.module('counts');
  expect(await place.muster('reload', 'counts')).toMatchObject({ code: 0 });
  expect((await place.module('counts')).startedAt).not.toBe(startedAt);
  expect(await daemon.ask('counts.count')).toBe(4);
  // Not over a stop: that is another life.
  await place.muster('remove', 'counts');
  await place.muster('reload');
  expect(await daemon.ask('counts.count')).toBe(1);
});

test('37. with overlap every request is answered while a module is reloaded, again and again', async () => {
  const module = `module: ${fixture('answers-variously.mjs')}`;
  await using place = await createPlace(
    `version: 1\nmodules:\n  served: {${module}, reload: {strategy: overlap}}\n  replaced: {${module}}\n`,
  );
  await place.up();
  using daemon = await talk(place);
  for (const name of ['served', 'replaced']) {
    const asked: Promise<unknown>[] = [];
    const timer = setInterval(() => asked.push(daemon.ask(`${name}.returns`, { who: String(asked.length) })), 10);
    await until(() => asked.length >= 20, 'requests are on their way');
    for (let times = 0; times < 3; times++) {
      const { startedAt } = await place.module(name);
      expect(await place.muster('reload', name)).toMatchObject({ code: 0 });
      expect((await place.module(name)).startedAt).not.toBe(startedAt);
    }
    const then = asked.length;
    await until(() => asked.length >= then + 20, 'requests went on');
    clearInterval(timer);
    expect(await Promise.all(asked)).toEqual(asked.map((_, index) => ({ text: `hello ${index}` })));
  }
});

test('38. TypeScript with an enum and local imports runs, and a stack shows the lines of the source', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  colours: ./colours.ts\n');
  await place.write(
    'colours.ts',
    `import type { Context } from 'musterd';
import { Colour, paint } from './paint.ts';

type Wide = { readonly colour: Colour };

export async function main(ctx: Context): Promise<void> {
  const wide: Wide = { colour: Colour.Green };
  ctx.handle('colour', () => [Colour.Red, wide.colour]);
  ctx.handle('stack', () => {
    try {
      return paint(Colour.Red);
    } catch (error) {
      return (error as Error).stack;
    }
  });
  ctx.handle('fails', () => void setTimeout(() => paint(Colour.Red)));
  await ctx.run();
}
`,
  );
  await place.write(
    'paint.ts',
    `export enum Colour {
  Red,
  Green = 'green',
}

export function paint(colour: Colour): string {
  if (colour === Colour.Red) throw new Error('no red');
  return colour;
}
`,
  );
  await place.up();
  using daemon = await talk(place);
  expect(await daemon.ask('colours.colour')).toEqual([0, 'green']);
  const stack = await daemon.ask<string>('colours.stack');
  expect(stack).toContain(`${join(place.dir, 'paint.ts')}:7:`);
  expect(stack).toContain(`${join(place.dir, 'colours.ts')}:11:`);
  await daemon.ask('colours.fails');
  const log = async () => (await place.muster('logs', 'colours')).stdout;
  await until(async () => (await log()).includes('no red'), 'the error is in its log');
  expect(await log()).toContain(`${join(place.dir, 'paint.ts')}:7:`);
});

test('a module that hangs and has nothing to save is replaced by an edit and by restart all the same', async () => {
  const config = (args: string) =>
    `version: 1\nmodules:\n  stuck: {module: ${fixture('hangs-on-request.mjs')}, stopTimeout: 500ms, args: [${args}]}\n`;
  await using place = await createPlace(config('old'));
  await place.up();
  using daemon = await talk(place);
  const hang = async (file: string) => {
    const hung = daemon.refusal('stuck.hang', { file });
    await until(() => existsSync(file), 'the module hangs');
    return { hung };
  };
  const first = await hang(join(place.dir, 'first'));
  await place.write('muster.yaml', config('new'));
  expect(await place.muster('reload')).toMatchObject({ code: 0 });
  expect(await first.hung).toMatchObject({ code: 'EHOSTUNREACH' });
  expect(await daemon.ask('stuck.serve')).toBe('new');
  const second = await hang(join(place.dir, 'second'));
  expect(await place.muster('restart', 'stuck')).toMatchObject({ code: 0 });
  expect(await second.hung).toMatchObject({ code: 'EHOSTUNREACH' });
  expect(await daemon.ask('stuck.serve')).toBe('new');
});
