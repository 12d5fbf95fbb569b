import { resolve } from 'node:path/posix';
import { globMatches } from '../model/glob.ts';
import { isFromElsewhere, packageSpecKind } from '../model/package-spec.ts';
import { isBelow } from '../model/place.ts';
import type { GitAllow } from '../model/source.ts';
import type { Findings } from './findings.ts';
import { referencesIn } from './interpolate.ts';
import type { Dict, Located, Node } from './node.ts';
import { nodeAt, placeAt } from './node.ts';

/** What a config that comes from elsewhere may name of this host. */
export interface Bounds {
  /** Absolute folder of the checkout; what stands in files below it is bound. */
  readonly root: string;
  readonly allow: GitAllow;
}

/** Keys of the host's own file. */
const hostOnly = ['policy', 'notify', 'source'] as const;

export function isBound({ source }: Located, { root }: Bounds): boolean {
  return isBelow(source.file, root);
}

/** What no file of the repository can have at its top. */
export function checkTopBounds(root: Dict, bounds: Bounds, findings: Findings): void {
  for (const name of hostOnly) {
    const pair = root.fields.get(name);
    if (pair === undefined || !isBound(pair.key, bounds)) continue;
    findings.error(pair.key, 'notAllowed', `${name} cannot stand in a repository`, "it belongs to the host's own file");
  }
  const modulePath = root.fields.get('modulePath')?.value;
  for (const node of modulePath?.kind === 'list' ? modulePath.items : []) checkPath('modulePath', node, bounds, findings);
  checkVariables(root, bounds, findings);
}

/** A variable of the daemon is a secret like any other, whatever it is called. */
function checkVariables(node: Node, bounds: Bounds, findings: Findings): void {
  if (node.kind === 'list') for (const item of node.items) checkVariables(item, bounds, findings);
  if (node.kind === 'dict') for (const { value } of node.fields.values()) checkVariables(value, bounds, findings);
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !isBound(node, bounds)) return;
  for (const name of referencesIn(node.value)) {
    if (isAllowed(`env:${name}`, bounds.allow.secrets)) continue;
    findings.error(node, 'notAllowed', `the repository may not read the variable ${name}`, allowHint('secrets', `env:${name}`));
  }
}

function checkPath(what: string, node: Node, bounds: Bounds, findings: Findings): void {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !isBound(node, bounds)) return;
  const folder = node.source.file.slice(0, node.source.file.lastIndexOf('/'));
  if (!isBelow(resolve(folder, node.value), bounds.root)) outside(what, node.value, node, findings);
}

export interface BoundEntry {
  readonly key: Located;
  /** The entry over its defaults, as it stands in files. */
  readonly whole: Dict;
  /** The same filled in, paths absolute. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly secrets: readonly (readonly string[])[];
  readonly bounds: Bounds;
  readonly findings: Findings;
}

/** What an entry names of the host, as far as the repository says it: what the host's own defaults say is the host's. */
export function checkEntryBounds(entry: BoundEntry): void {
  const { key, whole, raw, secrets, bounds, findings } = entry;
  const at = (path: readonly string[]): Located | null => {
    const node = nodeAt(whole, path);
    const place = node === undefined ? key : placeAt(whole, key, path);
    return isBound(node ?? place, bounds) ? place : null;
  };
  const refuse = (path: readonly string[], message: string, hint: string): void => {
    const place = at(path);
    if (place !== null) findings.error(place, 'notAllowed', message, hint);
  };
  for (const path of secrets) {
    const reference = referenceAt(raw, path);
    // Of what is interpolated the variables were judged where they stand.
    if (reference === null || reference.startsWith('text:') || isAllowed(reference, bounds.allow.secrets)) continue;
    refuse([...path, 'secret'], `the repository may not read the secret ${reference}`, allowHint('secrets', reference));
  }
  for (const [path, user] of accountsIn(raw)) {
    if (isAllowed(user, bounds.allow.users)) continue;
    refuse(path, `the repository may not name the ${path[0] === 'user' ? 'user' : 'group'} ${user}`, allowHint('users', user));
  }
  for (const [path, what] of hostFields(raw))
    refuse(path, `the repository may not say ${what}`, "it belongs to the host's own file: defaults");
  for (const [path, file] of keysIn(raw)) {
    if (isBelow(file, bounds.root) || isAllowed(`file:${file}`, bounds.allow.secrets)) continue;
    refuse(path, `the repository may not read the secret file:${file}`, allowHint('secrets', `file:${file}`));
  }
  for (const [path, text] of pathsIn(raw)) {
    const place = at(path);
    if (place !== null && !isBelow(text, bounds.root)) outside(path[0] ?? '', text, place, findings);
  }
  checkPrograms(entry, at);
  checkPackage(entry, at);
}

/** Programs that are named by a path of the repository; one of the host is named by its name or its whole path. */
function checkPrograms({ raw, bounds, findings }: BoundEntry, at: (path: readonly string[]) => Located | null): void {
  for (const path of [['command'], ['waitFor', 'command'], ['health', 'command']]) {
    const argv = valueAt(raw, path);
    const program: unknown = Array.isArray(argv) ? argv[0] : undefined;
    if (typeof program !== 'string' || program.startsWith('/') || !program.includes('/')) continue;
    // A package runs in its own folder, wherever that will be.
    const cwd = typeof raw.cwd === 'string' ? raw.cwd : '/package';
    const found = resolve(cwd, program);
    const place = at([...path, '0']);
    if (place !== null && !isBelow(found, bounds.root) && !isBelow(found, cwd)) outside(path.join('.'), program, place, findings);
  }
}

/** npm takes much for a way to a file of this host; only what is known to be none is taken. */
function checkPackage({ raw, bounds, findings }: BoundEntry, at: (path: readonly string[]) => Located | null): void {
  const { package: spec } = raw;
  const place = at(['package']);
  if (typeof spec !== 'string' || spec === '' || place === null) return;
  const kind = packageSpecKind(spec);
  // npm reads a path as that of a URL, in which %2f is a slash.
  const isWithin = kind.kind === 'local' && isBelow(kind.path, bounds.root) && !/[%?#\\]/.test(kind.path.slice(bounds.root.length));
  if (!isWithin && !isFromElsewhere(spec)) outside('package', spec, place, findings, packageHint);
}

const packageHint = 'name a folder or an archive within it, NAME@RANGE, or a repository or archive of another host by its whole URL';

function outside(what: string, path: string, at: Located, findings: Findings, hint = 'name a path within it'): void {
  findings.error(at, 'outsideSource', `${what}: ${path} lies outside of the repository`, hint);
}

/** Whole matches of globs; what no glob names is refused. */
function isAllowed(text: string, globs: readonly string[]): boolean {
  return globs.some((glob) => globMatches(glob, text));
}

function allowHint(list: keyof GitAllow, item: string): string {
  return `the host's own file has to say source: {git: {allow: {${list}: ["${item}"]}}}`;
}

function referenceAt(raw: unknown, path: readonly string[]): string | null {
  const reference = valueAt(raw, [...path, 'secret']);
  return typeof reference === 'string' ? reference : null;
}

function valueAt(raw: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, word) => (inner as Record<string, unknown> | null | undefined)?.[word], raw);
}

function accountsIn({ user, group, groups }: BoundEntry['raw']): [string[], string][] {
  const named = [['user', user] as const, ['group', group] as const].filter(([, value]) => value !== undefined && value !== null);
  const further = Array.isArray(groups) ? groups.map((value, index): [string[], string] => [['groups', String(index)], String(value)]) : [];
  return [...named.map(([field, value]): [string[], string] => [[field], String(value)]), ...further];
}

/** Fields by which an entry would get out of what it is bound to. */
function hostFields({ allowRoot, control, cgroup }: BoundEntry['raw']): [string[], string][] {
  const found: [string[], string][] = [];
  if (allowRoot === true || allowRoot === 'true') found.push([['allowRoot'], 'allowRoot']);
  if (control === 'apply') found.push([['control'], 'control: apply, by which a module can load anything']);
  for (const field of ['base', 'path', 'raw']) {
    const value = (cgroup as Record<string, unknown> | null | undefined)?.[field];
    if (value !== undefined && value !== null) found.push([['cgroup', field], `cgroup.${field}`]);
  }
  return found;
}

/** The files of certificates and their keys, which a gateway shows to be this host. */
function keysIn({ module, config }: BoundEntry['raw']): [string[], string][] {
  if (module !== 'builtin:gateway') return [];
  const pairs = [
    ['config', 'tls'],
    ...Object.keys(Object(valueAt(config, ['tls', 'hosts']))).map((name) => ['config', 'tls', 'hosts', name]),
  ];
  return pairs.flatMap((pair) =>
    ['cert', 'key'].flatMap((field): [string[], string][] => {
      const file = valueAt({ config }, [...pair, field]);
      return typeof file === 'string' ? [[[...pair, field], resolve(file)]] : [];
    }),
  );
}

/** Absolute paths that muster reads, runs or serves from. What a test only looks for is not among them. */
function pathsIn({ module, cwd, files, config }: BoundEntry['raw']): [string[], string][] {
  const found: [string[], string][] = [];
  if (typeof module === 'string' && module.startsWith('/')) found.push([['module'], module]);
  if (typeof cwd === 'string') found.push([['cwd'], cwd]);
  if (Array.isArray(files)) {
    for (const [index, file] of files.entries()) if (typeof file === 'string') found.push([['files', String(index)], file]);
  }
  const served = module === 'builtin:static' ? (config as { root?: unknown } | undefined)?.root : undefined;
  if (typeof served === 'string') found.push([['config', 'root'], served]);
  return found;
}
