import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..', '..', '..');

/** A change of one source file: every `from` in it becomes `to`. */
export interface Edit {
  file: string;
  from: string;
  to: string;
}

/** The code of a module of ours as one file, after an edit. */
export async function bundle(entry: string, edit?: Edit): Promise<string> {
  const result = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    plugins: edit === undefined ? [] : [editing(edit), packages],
  });
  return result.outputFiles[0]?.text ?? '';
}

/** Of the files that have its name only that one is edited; esbuild reads the others by itself, which is faster. */
function editing({ file, from, to }: Edit): Plugin {
  const filter = new RegExp(`/${basename(file)}$`);
  return {
    name: 'edit',
    setup: ({ onLoad }) =>
      onLoad({ filter }, ({ path }) => {
        if (path !== join(root, file)) return undefined;
        const contents = readFileSync(path, 'utf8');
        if (!contents.includes(from)) throw new Error(`${file} no longer has the text to change: ${from}`);
        return { contents: contents.replaceAll(from, to), loader: 'ts' };
      }),
  };
}

/** They are imported from where they are, once for all edits. */
const packages: Plugin = {
  name: 'packages',
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === packages) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: packages });
      return found.errors.length > 0 ? found : { path: pathToFileURL(found.path).href, external: true };
    }),
};

/** The exports of such code. */
export async function load<T>(code: string): Promise<T> {
  return (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as T;
}
