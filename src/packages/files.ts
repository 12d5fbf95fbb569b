import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { MusterError } from '../model/error.ts';

export interface PackageFiles {
  /** Absolute, sorted. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Somebody has taken a whole disk for a package. */
const mostFiles = 20_000;

/** What a program writes while it runs, by its name. */
const written = /\.(?:log(?:\.\d+)?|pid|sock|tmp|swp)$|~$/;
const writtenFolders = new Set(['log', 'logs']);

interface Rules {
  readonly folder: string;
  readonly rules: Ignore;
}

/**
 * The files that count as the code of a package that runs where it is: not its node_modules, what git ignores, what begins with
 * a dot, nor logs.
 */
export async function packageFiles(folder: string): Promise<PackageFiles> {
  const files: string[] = [];
  const folders: string[] = [];
  const look = async (at: string, above: readonly Rules[]): Promise<void> => {
    folders.push(at);
    const own = await rulesOf(at);
    const rules = own === null ? above : [...above, { folder: at, rules: own }];
    for (const item of await readdir(at, { withFileTypes: true })) {
      const path = join(at, item.name);
      if (!counts(item) || isIgnored(path, item.isDirectory(), rules)) continue;
      if (item.isDirectory()) await look(path, rules);
      else files.push(path);
      if (files.length > mostFiles) throw tooMany(folder);
    }
  };
  await look(folder, []);
  return { files: files.sort(), folders: folders.sort() };
}

function counts(item: Dirent): boolean {
  if (item.name.startsWith('.') || item.name === 'node_modules') return false;
  if (item.isDirectory()) return !writtenFolders.has(item.name);
  return (item.isFile() || item.isSymbolicLink()) && !written.test(item.name);
}

async function rulesOf(folder: string): Promise<Ignore | null> {
  const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => null);
  return text === null ? null : ignore().add(text);
}

/** The rules of a folder nearer to the file go before those above it. */
function isIgnored(path: string, isFolder: boolean, all: readonly Rules[]): boolean {
  let ignored = false;
  for (const { folder, rules } of all) {
    const result = rules.test(`${path.slice(folder.length + 1)}${isFolder ? '/' : ''}`);
    ignored = result.ignored || (ignored && !result.unignored);
  }
  return ignored;
}

function tooMany(folder: string): MusterError {
  return new MusterError('E2BIG', `${folder} has more than ${mostFiles} files that would count as code of the package`, {
    hint: 'list in its .gitignore what is no code, or install it from an archive: npm pack',
  });
}
