import { readdirSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { Look } from './files.ts';
import { entryNamed } from './package-entry.ts';

const extensions = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.cts'];
const builtinPrefix = 'builtin:';

export interface Found {
  /** The entry file on disk, absolute. */
  readonly file: string;
  /** As it is shown: the file, or `builtin:NAME`. */
  readonly shown: string;
}

export interface Places {
  readonly modulePath: readonly string[];
  readonly builtinDir: string;
}

/** From what the config names (`builtin:NAME`, an absolute path, a bare name) to its entry file. Throws ENOENT or EINVAL. */
export function findModule(named: string, places: Places, look: Look): Found {
  if (named.startsWith(builtinPrefix)) return findBuiltin(named, places.builtinDir, look);
  if (isAbsolute(named)) return asIs(findPath(named, look));
  for (const folder of places.modulePath) {
    const file = entryOf(join(folder, named), look);
    if (file !== null) return asIs(file);
  }
  if (places.modulePath.length === 0) {
    throw new MusterError('ENOENT', `no module "${named}": modulePath is empty`, { hint: `for a file write ./${named}` });
  }
  throw new MusterError('ENOENT', `no module "${named}" in ${places.modulePath.join(', ')}`, {
    hint: 'the folders of modulePath and $MUSTER_MODULE_PATH are searched',
  });
}

function findBuiltin(named: string, builtinDir: string, look: Look): Found {
  const name = named.slice(builtinPrefix.length);
  const file = join(builtinDir, `${name}.js`);
  if (/^[\w-]+$/.test(name) && look.stat(file)?.isFile() === true) return { file, shown: named };
  const there = listBuiltins(builtinDir).join(', ');
  throw new MusterError('ENOENT', `no builtin module "${name}"; there are: ${there === '' ? 'none' : there}`);
}

function listBuiltins(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .map((file) => file.slice(0, -'.js'.length))
      .sort();
  } catch {
    return [];
  }
}

/** Whether the module is looked up by its bare name. */
export function isBare(named: string): boolean {
  return !named.startsWith(builtinPrefix) && !isAbsolute(named);
}

/** Without the extension that a bare name may have. */
export function plainName(named: string): string {
  return extensions.includes(extname(named)) ? named.slice(0, -extname(named).length) : named;
}

const asIs = (file: string): Found => ({ file, shown: file });

function findPath(path: string, look: Look): string {
  const file = entryOf(path, look);
  if (file !== null) return file;
  if (look.stat(path)?.isDirectory() === true) {
    throw new MusterError('ENOENT', `the folder ${path} has no package.json with "exports" or "main" and no index file`);
  }
  throw new MusterError('ENOENT', `no module at ${path}`);
}

/** The file itself, the file with an extension added, or the entry of a folder. */
function entryOf(path: string, look: Look): string | null {
  const stats = look.stat(path);
  if (stats?.isFile() === true) {
    if (extensions.includes(extname(path))) return path;
    throw new MusterError('EINVAL', `${path} is no module: expected one of ${extensions.join(' ')} or a folder with package.json`, {
      hint: 'a program is run by `command: [...]`',
    });
  }
  const beside = extensions.map((extension) => path + extension).find((file) => look.stat(file)?.isFile() === true);
  if (beside !== undefined) return beside;
  return stats?.isDirectory() === true ? entryOfFolder(path, look) : null;
}

function entryOfFolder(folder: string, look: Look): string | null {
  const manifest = join(folder, 'package.json');
  const named = look.stat(manifest) === undefined ? null : entryNamed(manifest);
  if (named !== null) {
    const file = join(folder, named.path);
    const entry = look.stat(file)?.isDirectory() === true ? null : entryOf(file, look);
    if (entry === null) throw new MusterError('ENOENT', `${manifest} names "${named.field}": "${named.path}", which does not exist`);
    return entry;
  }
  const index = extensions.map((extension) => join(folder, `index${extension}`));
  return index.find((file) => look.stat(file)?.isFile() === true) ?? null;
}
