import { readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { compileFunction, constants } from 'node:vm';
import type { CodeText, Start } from '../protocol.ts';
import { nodeModule, nodeUrl } from './on-demand.ts';
import { timerNames } from './own-timers.ts';
import { importPackages } from './packages.ts';
import { addMap, dropMap } from './stack.ts';

export type Body = (
  exports: object,
  require: NodeJS.Require,
  module: object,
  filename: string,
  dirname: string,
  placeOf: (relative: string) => ImportMeta,
) => unknown;

/** Compiled code, which any number of instances run. */
export interface Code {
  /** The name it runs under, from which paths and packages are found: the file itself, though it may be gone. */
  readonly filename: string;
  /** Makes the function of one instance, for which `replaceable` are these. */
  readonly bind: (...globals: unknown[]) => Body;
  /** Made when it is first asked for. */
  readonly require: () => NodeJS.Require;
  readonly placeOf: (relative: string) => ImportMeta;
  /** What it gets for the packages that it imports statically. */
  readonly packages: Promise<ReadonlyMap<string, unknown>>;
  /** Whether its text has this name in it: `require`, or one of `replaceable`. */
  mentions(name: string): boolean;
  /** Kept in memory while it is in use: to be called once per `openCode`. */
  release(): void;
}

/** `script` is the name that it has in stacks. */
type Compiled = Omit<Code, 'release'> & { readonly script: string };

interface Kept {
  readonly code: Code;
  users: number;
}

/** Globals that an instance has its own of. */
export const replaceable = ['process', 'console', ...timerNames] as const;

/** What `mentions` can tell. */
const lookedFor = new RegExp(`\\b(?:${[...replaceable, 'require'].join('|')})\\b`, 'g');

/** Within a function of its own, code may declare these names itself. */
const opening = 'return (function (exports, require, module, __filename, __dirname, __musterPlace) {';
const closing = '\n})';

const builtinPrefix = 'builtin:';
/** Of the program of the realm, before a module takes the thread. */
const ownDir = dirname(process.argv[1] ?? '');
const inUse = new Map<string, Kept>();
const scripts = new Set<string>();

/** With `compileFunction`, not `import()`: that one keeps every version of a module in memory for ever. */
export function openCode({ path, codeFile, code }: Pick<Start, 'path' | 'codeFile' | 'code'>): Code {
  const filename = placeOf(path, codeFile);
  const key = `${codeFile}\n${filename}`;
  const kept = inUse.get(key) ?? keep(key, compile(filename, codeFile, code));
  kept.users += 1;
  return kept.code;
}

function keep(key: string, { script, ...code }: Compiled): Kept {
  const kept: Kept = { code: { ...code, release }, users: 0 };
  inUse.set(key, kept);
  return kept;

  function release(): void {
    kept.users -= 1;
    if (kept.users > 0) return;
    inUse.delete(key);
    scripts.delete(script);
    dropMap(script);
  }
}

function placeOf(path: string, codeFile: string): string {
  // What comes with muster finds the packages that muster has.
  if (path.startsWith(builtinPrefix)) return join(ownDir, 'builtin', `${path.slice(builtinPrefix.length)}.js`);
  if (!isAbsolute(path)) return codeFile;
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

function compile(filename: string, codeFile: string, given: CodeText | undefined): Compiled {
  const text = given?.text ?? readFileSync(codeFile, 'utf8');
  const script = scriptName(filename);
  const bind = compileFunction(opening + text + closing, [...replaceable], {
    filename: script,
    columnOffset: -opening.length,
    // Asked for only where it is needed: it makes Node print a warning that it is experimental.
    ...(/\bimport\s*\(/.test(text) ? { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER } : {}),
  }) as Code['bind'];
  scripts.add(script);
  addMap({ script, filename, readMap: () => given?.map ?? readFileSync(`${codeFile}.map`, 'utf8') });
  const mentioned = new Set<string>(text.match(lookedFor));
  const packages = importPackages(text, filename);
  packages.catch(() => {}); // whoever runs the code hears of it
  return {
    script,
    filename,
    bind,
    require: requireOf(filename),
    placeOf: (relative) => metaOf(resolve(dirname(filename), relative)),
    packages,
    mentions: (name) => mentioned.has(name),
  };
}

function requireOf(filename: string): () => NodeJS.Require {
  let made: NodeJS.Require | null = null;
  return () => {
    made ??= nodeModule().createRequire(filename);
    return made;
  };
}

/** Two versions of one file can be in use at a time; the name in a stack says which it was. */
function scriptName(filename: string): string {
  let script = filename;
  for (let version = 2; scripts.has(script); version += 1) script = `${filename}#${version}`;
  return script;
}

/** `import.meta` of one source file. */
function metaOf(filename: string): ImportMeta {
  const { pathToFileURL } = nodeUrl();
  const url = pathToFileURL(filename).href;
  const find = (name: string): string => {
    const found = nodeModule().createRequire(filename).resolve(name);
    return isAbsolute(found) ? pathToFileURL(found).href : found;
  };
  return { url, filename, dirname: dirname(filename), resolve: find } as ImportMeta;
}
