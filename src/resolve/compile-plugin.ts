import type { Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { extname, relative } from 'node:path';
import type { Loader, Plugin } from 'esbuild';
import { sha256 } from './files.ts';

/** What was compiled of a file: taken from the very bytes that the compiler got. */
export interface Source {
  readonly sha256: string;
  /** Taken before it was read. */
  readonly stats: Stats | undefined;
}

const loaders: Record<string, Loader> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
};

/**
 * Reads the files for the compiler, gives each its own `import.meta`, and turns static imports of packages into
 * requests to the realm, which imports the packages with Node's own rules before the code runs.
 */
export function sourcePlugin(folder: string, stat: (path: string) => Stats | undefined) {
  const sources = new Map<string, Source>();
  const packages = new Set<string>();
  const plugin: Plugin = {
    name: 'muster-source',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind, namespace }) => {
        if (kind !== 'import-statement' || isBuiltin(path)) return undefined;
        if (namespace === 'package') return { path: `muster-import:${path}`, external: true };
        packages.add(path);
        return { path, namespace: 'package' };
      });
      // An ES module in between makes the names and the default of a package the same for every kind of importing file.
      build.onLoad({ filter: /./, namespace: 'package' }, ({ path }) => {
        const from = JSON.stringify(path);
        return { contents: `export * from ${from}; export { default } from ${from};`, loader: 'js' };
      });
      build.onLoad({ filter: /./, namespace: 'file' }, async ({ path }) => {
        const stats = stat(path);
        const bytes = await readFile(path);
        sources.set(path, { sha256: sha256(bytes), stats });
        const loader = loaders[extname(path)];
        if (loader === undefined) return undefined;
        const text = bytes.toString('utf8');
        return { contents: loader === 'json' ? text : withPlace(text, relative(folder, path)), loader };
      });
    },
  };
  return { plugin, sources, packages };
}

/** All on the first line, so that lines stay where they are. */
function withPlace(text: string, path: string): string {
  const code = text.startsWith('#!') ? `//${text}` : text;
  const asModule = /\bimport\.meta\b/.test(code);
  const asCommonJs = /\b__(?:dirname|filename)\b/.test(code);
  if (!asModule && !asCommonJs) return code;
  const strict = /^\s*(['"])use strict\1/.test(code) ? '"use strict";' : '';
  const place = `const __musterFile = __musterPlace(${JSON.stringify(path)});`;
  const names = asCommonJs && !/\b(?:const|let|var)\s+[^=;]*\b__(?:dirname|filename)\b/.test(code);
  return `${strict}${place}${names ? 'const { filename: __filename, dirname: __dirname } = __musterFile;' : ''}${code}`;
}
