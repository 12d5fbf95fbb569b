import { readFile } from 'node:fs/promises';
import { lookOnce } from './files.ts';
import { findModule } from './find-module.ts';

/** A literal export, read without running any code. */
const literalName = /^\s*(?:export\s+const\s+name\s*(?::\s*[\w'"]+\s*)?=|(?:module\.)?exports\.name\s*=)\s*(['"`])([^'"`$\n]+)\1/m;
const declaration = /^\s*export\s+(?:default\s+)?(?:async\s+)?(?:const|let|var|function\*?|class|enum)\s+([A-Za-z_$][\w$]*)/gm;
const assignment = /^\s*(?:module\.)?exports\.([A-Za-z_$][\w$]*)\s*=/gm;
const list = /^\s*export\s*\{([^}]*)\}/gm;

/** The name that a module gives itself, or null. The path is that of a file, with its extension or without, or of a folder. */
export async function nameIn(path: string): Promise<string | null> {
  return literalName.exec(await textOf(entryAt(path)))?.[2] ?? null;
}

/** The names a module file exports, sorted; empty where they cannot be told. */
export async function exportsOf(path: string): Promise<string[]> {
  return exportsIn(await textOf(path));
}

/** The names that a text of code exports, sorted. */
export function exportsIn(text: string): string[] {
  const names = new Set<string>();
  for (const [, name] of [...text.matchAll(declaration), ...text.matchAll(assignment)]) if (name !== undefined) names.add(name);
  for (const [, inner] of text.matchAll(list)) {
    for (const item of (inner ?? '').split(',')) {
      const name = item
        .trim()
        .split(/\s+as\s+/)
        .at(-1);
      if (name) names.add(name);
    }
  }
  return [...names].sort();
}

/** Where nothing is found the caller hears of it from whoever resolves the module. */
function entryAt(path: string): string {
  try {
    return findModule(path, { modulePath: [], builtinDir: '' }, lookOnce()).file;
  } catch {
    return path;
  }
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
