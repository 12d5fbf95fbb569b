import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import type { Main } from '../../model/context.ts';
import { MusterError } from '../../model/error.ts';
import type { Start } from '../protocol.ts';
import { importPackages, packagePrefix } from './packages.ts';
import { addMap } from './stack.ts';

type Exports = Record<string, unknown>;

/**
 * Runs the compiled code and returns its `main`. With `compileFunction`, not `import()`: that one keeps every version
 * of a module in memory for ever.
 */
export async function loadMain({ path, codeFile, expectName }: Start): Promise<Main> {
  const code = readFileSync(codeFile, 'utf8');
  const filename = placeOf(path, codeFile);
  addMap({ filename, mapFile: `${codeFile}.map` });
  const packages = await importPackages(code, filename);
  const exports = run(code, filename, packages);
  if (expectName !== null && typeof exports.name === 'string' && exports.name !== expectName) {
    throw new MusterError('EINVAL', `${path} was looked up as "${expectName}" but exports the name "${exports.name}"`);
  }
  if (typeof exports.main === 'function') return exports.main as Main;
  throw new MusterError('EINVAL', `${path} exports no function main`, { hint: 'export async function main(ctx) { await ctx.run(); }' });
}

/** The name the code runs under, from which paths and packages are found: the file itself, though it may be gone. */
function placeOf(path: string, codeFile: string): string {
  if (!isAbsolute(path)) return codeFile;
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function run(code: string, filename: string, packages: ReadonlyMap<string, unknown>): Exports {
  const body = compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname', '__musterPlace'], {
    filename,
    // Asked for only where it is needed: it makes Node print a warning that it is experimental.
    ...(/\bimport\s*\(/.test(code) ? { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER } : {}),
  });
  const module: { exports: Exports } = { exports: {} };
  body.call(module.exports, module.exports, requireFor(filename, packages), module, filename, dirname(filename), (relative: string) =>
    metaOf(resolve(dirname(filename), relative)),
  );
  return module.exports ?? {};
}

function requireFor(filename: string, packages: ReadonlyMap<string, unknown>): NodeJS.Require {
  const require = createRequire(filename);
  const both = (name: string): unknown => (name.startsWith(packagePrefix) ? packages.get(name) : require(name));
  return Object.assign(both, require);
}

/** `import.meta` of one source file. */
function metaOf(filename: string): ImportMeta {
  const url = pathToFileURL(filename).href;
  const find = (name: string): string => {
    const found = createRequire(filename).resolve(name);
    return isAbsolute(found) ? pathToFileURL(found).href : found;
  };
  return { url, filename, dirname: dirname(filename), resolve: find } as ImportMeta;
}
