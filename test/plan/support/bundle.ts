import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

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
    plugins:
      edit === undefined ? [] : [{ name: 'edit', setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, ({ path }) => edited(path, edit)) }],
  });
  return result.outputFiles[0]?.text ?? '';
}

function edited(path: string, { file, from, to }: Edit) {
  const contents = readFileSync(path, 'utf8');
  if (path !== join(root, file)) return { contents, loader: 'ts' as const };
  if (!contents.includes(from)) throw new Error(`${file} no longer has the text to change: ${from}`);
  return { contents: contents.replaceAll(from, to), loader: 'ts' as const };
}

/** The exports of such code. */
export async function load<T>(code: string): Promise<T> {
  return (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as T;
}
