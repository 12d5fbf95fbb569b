import { dirname, resolve } from 'node:path/posix';
import { withAbsolutePath } from '../model/package-spec.ts';
import { looksSecret } from '../model/settings.ts';
import type { Findings } from './findings.ts';
import { type Environment, interpolate } from './interpolate.ts';
import type { Dict, Node, Scalar } from './node.ts';

/** From a located tree to plain data, for the schema to judge. */
export interface RawOptions {
  readonly env: Environment;
  readonly findings: Findings;
  /** What is special about the value at a path of keys. */
  readonly rules: (path: readonly string[]) => Rules;
  /** Gets the paths of secrets. */
  readonly secrets: string[][];
}

export interface Rules {
  /** Relative paths are made absolute from the folder of the file that names them. */
  readonly path?: 'file' | 'module' | 'package';
  /** Numbers and booleans are taken as they are written. */
  readonly written?: boolean;
  /** Free data: keys that begin with `x-` stay. */
  readonly data?: boolean;
  /** Secrets can stand here. */
  readonly secrets?: boolean;
}

const secretReference = /^(?:env|file|exec|text):/s;

export function toRaw(node: Node, options: RawOptions, path: readonly string[] = []): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map((item, index) => toRaw(item, options, [...path, String(index)]));
    case 'dict':
      return rawDict(node, options, path);
    case 'scalar':
      return rawScalar(node, options, path);
  }
}

function rawDict(node: Dict, options: RawOptions, path: readonly string[]): unknown {
  const { data, secrets } = options.rules(path);
  if (secrets) {
    const reference = typedSecret(node);
    if (reference !== null) return rawSecret(reference, options, path);
  }
  const raw: Record<string, unknown> = {};
  for (const [key, { value }] of node.fields) {
    if (data || !isIgnored(key)) raw[key] = toRaw(value, options, [...path, key]);
  }
  return raw;
}

/** Keys of the user's own; also a place for anchors. */
export function isIgnored(key: string): boolean {
  return key.startsWith('x-');
}

/** `{secret: "file:…"}`, as opposed to a map that happens to have a key `secret`. */
export function typedSecret({ fields }: Dict): Scalar | null {
  const value = fields.size === 1 ? fields.get('secret')?.value : undefined;
  return value?.kind === 'scalar' && typeof value.value === 'string' && secretReference.test(value.value) ? value : null;
}

function rawSecret(node: Scalar, options: RawOptions, path: readonly string[]): unknown {
  const written = fill(node, String(node.value), options);
  options.secrets.push([...path]);
  if (written.startsWith('text:')) {
    options.findings.error(node, 'badValue', 'a secret is not written into the config', 'expected env:NAME, file:PATH or exec:ARGV');
  }
  const file = written.startsWith('file:') ? written.slice('file:'.length) : '';
  return { secret: file === '' ? written : `file:${absolute(file, node)}` };
}

function rawScalar(node: Scalar, options: RawOptions, path: readonly string[]): unknown {
  const { path: isPath, written, secrets } = options.rules(path);
  if (typeof node.value !== 'string') return written && node.value !== null ? node.written : node.value;
  const { text, refers, problems } = interpolate(node.value, options.env);
  for (const problem of problems) options.findings.error(node, 'unsetVariable', problem);
  if (secrets && refers && path.some((key) => looksSecret(key))) {
    options.secrets.push([...path]);
    return { secret: `text:${node.value}` };
  }
  if (isPath === undefined || text === '') return text;
  if (isPath === 'package') return withAbsolutePath(text, (path) => absolute(path, node));
  const asIs = isPath === 'module' && (text.startsWith('builtin:') || !text.includes('/'));
  return asIs ? text : absolute(text, node);
}

/** The text with variables filled in; what is unset is reported. */
export function fill(node: Scalar, text: string, { env, findings }: Pick<RawOptions, 'env' | 'findings'>): string {
  const filled = interpolate(text, env);
  for (const problem of filled.problems) findings.error(node, 'unsetVariable', problem);
  return filled.text;
}

/** A path as the file means it that names it. */
export function absolute(path: string, { source }: Node): string {
  return resolve(dirname(source.file), path);
}
