import type { Place } from '../support/place.ts';

/** Modules that have packages beside them, and TypeScript that is no erasable one. */
export async function prepare(place: Place): Promise<void> {
  await place.write('node_modules/of-old/package.json', '{"name": "of-old", "version": "1.0.0", "main": "main.js"}\n');
  await place.write('node_modules/of-old/main.js', "exports.says = () => 'required';\n");
  await place.write(
    'node_modules/of-new/package.json',
    '{"name": "of-new", "version": "1.0.0", "type": "module", "exports": "./main.js"}\n',
  );
  await place.write('node_modules/of-new/main.js', "export const says = () => 'imported';\n");
  await place.write('packages.mjs', packages);
  await place.write('common.cjs', common);
  await place.write('lines.ts', lines);
  await place.write('beside.ts', beside);
}

const packages = `import { createRequire } from 'node:module';
import { says } from 'of-new';

export async function main(ctx) {
  ctx.handle('static', () => says());
  ctx.handle('dynamic', async () => (await import('of-new')).says());
  ctx.handle('required', () => createRequire(import.meta.url)('of-old').says());
  ctx.handle('builtin', async () => typeof (await import('node:path')).join);
  await ctx.run();
}
`;

const common = `const { says } = require('of-old');
exports.main = async (ctx) => {
  ctx.handle('says', () => [says(), __filename, __dirname]);
  await ctx.run();
};
`;

/** The places of \`thrower()\` here and of the throw beside are expected by a check. */
const lines = `import type { Context } from 'musterd';
import { Beside, says, thrower } from './beside.ts';

enum Colour {
  Red,
  Green,
}

interface Wide {
  readonly colour: Colour;
}

export async function main(ctx: Context): Promise<void> {
  const wide: Wide = { colour: Colour.Green };
  ctx.handle('colour', () => [Beside.Green, wide.colour, says satisfies string]);
  ctx.handle('stack', () => stackOf(() => deeper()));
  ctx.handle('place', () => [import.meta.url, import.meta.filename, import.meta.dirname]);
  function deeper(): never {
    return thrower();
  }
  await ctx.run();
}

/** Its lines with a place of a source, without those of muster. */
function stackOf(run: () => void): string[] {
  try {
    run();
    return [];
  } catch (error) {
    const stack = (error as Error).stack ?? '';
    return stack.split('\\n').slice(1, 3).map((line) => line.trim());
  }
}
`;

const beside = `export enum Beside {
  Green = 'green',
}
export const says: string = 'from beside';

export function thrower(): never {
  throw new Error('for its stack');
}
`;
