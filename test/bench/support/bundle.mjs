import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const src = join(import.meta.dirname, '../../../src');

/** Exports of rooms, as one module: the oldest Node that muster runs on cannot read TypeScript. `exports`: name -> file below src. */
export async function importRooms(dir, exports) {
  const contents = Object.entries(exports).map(([name, file]) => `export { ${name} } from './${file}';`);
  const outfile = join(dir, `rooms-${Object.keys(exports).join('-')}.mjs`);
  await build({
    stdin: { contents: contents.join('\n'), resolveDir: src, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minify: true,
    keepNames: true,
    external: ['esbuild'],
    // Libraries in CommonJS ask for Node's own modules by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile));
}
