import { constants, Script } from 'node:vm';

/** What the compiler puts before the name of a package that is imported, not required. */
export const packagePrefix = 'muster-import:';
const listMark = '\n//# musterImports=';

/**
 * Imports the packages that the code imports statically, by Node's own rules, from the place of the module: so also those
 * that have no `require` entry. Returns what the compiled code gets when it asks for them.
 */
export async function importPackages(code: string, filename: string): Promise<ReadonlyMap<string, unknown>> {
  const names = listOf(code);
  if (names.length === 0) return new Map();
  const importFrom = importerAt(filename);
  const pairs = names.map(async (name) => [packagePrefix + name, asModule(await importFrom(name))] as const);
  return new Map(await Promise.all(pairs));
}

function listOf(code: string): string[] {
  const start = code.lastIndexOf(listMark);
  if (start === -1) return [];
  const [line = '[]'] = code.slice(start + listMark.length).split('\n', 1);
  return JSON.parse(line) as string[];
}

function importerAt(filename: string): (name: string) => Promise<object> {
  return new Script('(name) => import(name)', {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext() as (name: string) => Promise<object>;
}

/** Marked as what it is for code that was compiled to CommonJS; bindings stay live. */
function asModule(namespace: object): object {
  const marked: object = Object.defineProperty({}, '__esModule', { value: true });
  for (const name of Object.keys(namespace)) {
    if (name === '__esModule') continue;
    Object.defineProperty(marked, name, { enumerable: true, get: () => (namespace as Record<string, unknown>)[name] });
  }
  return marked;
}
