import { pathToFileURL } from 'node:url';
import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

export const code: Check[] = [
  {
    title: 'TypeScript with an enum and an import of a local file runs',
    observe: ({ ask }) => ask('host.lines.colour'),
    expected: ['green', 1, 'from beside'],
  },
  {
    title: 'The stack of an error shows the lines of the source',
    observe: async ({ ask, place }) => (await ask<string[]>('host.lines.stack')).map((line) => line.replaceAll(place.dir, 'DIR')),
    expected: ['at thrower (DIR/beside.ts:7:9)', 'at deeper (DIR/lines.ts:19:12)'],
  },
  {
    title: 'import.meta tells where the source is',
    observe: async ({ ask, place }) => (await ask<string[]>('host.lines.place')).map((text) => text.replaceAll(place.dir, 'DIR')),
    expected: ['file://DIR/lines.ts', 'DIR/lines.ts', 'DIR'],
  },
  {
    title: 'Packages are imported, imported later, and required, from the place of the module',
    observe: async ({ ask }) => [
      await ask('host.packages.static'),
      await ask('host.packages.dynamic'),
      await ask('host.packages.required'),
      await ask('host.packages.builtin'),
    ],
    expected: ['imported', 'imported', 'required', 'function'],
  },
  {
    title: 'A CommonJS module requires packages and has its place',
    observe: async ({ ask, place }) => (await ask<string[]>('host.common.says')).map((text) => text.replaceAll(place.dir, 'DIR')),
    expected: ['required', 'DIR/common.cjs', 'DIR'],
  },
  {
    title: 'A top-level await is refused with its place',
    observe: async (world) => {
      const path = await world.place.write(
        'awaits.mjs',
        'const answer = 1;\nawait null;\nexport async function main() {\n  return answer;\n}\n',
      );
      return loadRefusal(world, path);
    },
    expected: ['EINVAL', true, 'DIR/awaits.mjs:2'],
  },
  {
    title: 'A module that exports no main is refused',
    observe: (world) => loadRefusal(world, fixture('deferred.ts')),
    expected: ['EINVAL', true, undefined],
  },
];

/** By hand, so that it is nowhere afterwards. */
async function loadRefusal({ muster, place, view }: World, path: string): Promise<unknown> {
  const loaded = await muster('load', { target: path, name: 'refused', args: [], cwd: place.dir }).then(
    (result) => ({ error: (result as { changes: { error: { code: string; message: string } | null }[] }).changes[0]?.error ?? null }),
    (error) => ({ error: error as { code: string; message: string } }),
  );
  const text = `${loaded.error?.message.replaceAll(place.dir, 'DIR').replaceAll(pathToFileURL(place.dir).href, 'DIR')}`;
  return [loaded.error?.code, (await view('refused')) === undefined, text.match(/DIR\/awaits\.mjs:2/)?.[0]];
}
