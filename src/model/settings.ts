import { MusterError } from './error.ts';

/** What was set by hand of the config of one module: a tree, as the config is. Secrets in it are sealed references. */
export type Settings = Readonly<Record<string, unknown>>;

/** What a key says that nobody should read. */
const secretLooking = /pass|secret|token|key/i;

export function looksSecret(key: string): boolean {
  return secretLooking.test(key);
}

/** Whether a value that stands under such a key says anything. */
export function isTelling(value: unknown): boolean {
  return value !== '' && typeof value !== 'boolean' && value !== null && value !== undefined;
}

const secretText = '(secret)';

/**
 * What may be shown of what stands under these keys: nothing of which a key says that nobody should read it. A reference to a
 * secret says where that is; `told` says how much of it is shown.
 */
export function shownSettings(
  value: unknown,
  path: readonly string[] = [],
  told: (reference: unknown) => unknown = () => secretText,
): unknown {
  if (isReference(value)) return told(value);
  if (path.some(looksSecret) && isTelling(value)) return secretText;
  if (Array.isArray(value)) return value.map((item) => shownSettings(item, [], told));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shownSettings(item, [key], told)]));
}

/**
 * What a method is asked with, without what stands under a key that says that nobody should read it; of `{key, value}` the one
 * says it of the other.
 */
export function withheld(value: unknown, depth = 0): unknown {
  if (depth > deepest) return '…';
  if (Array.isArray(value)) return value.map((item) => withheld(item, depth + 1));
  if (!isMap(value)) return value;
  const isSet = typeof value.key === 'string' && value.key.split('.').some(looksSecret);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isSecret = key === 'value' ? isSet : key !== 'key' && looksSecret(key);
      return [key, isSecret && isTelling(item) ? '***' : withheld(item, depth + 1)];
    }),
  );
}

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
const deepest = 32;

/** The words of `a.b.c`. Throws EINVAL for what is no key. */
export function settingPath(key: string): readonly string[] {
  const path = key.split('.');
  const bad = path.find((word) => word === '' || word.includes('\0') || forbidden.has(word));
  if (bad === undefined && path.length <= deepest) return path;
  throw new MusterError('EINVAL', `"${key}" is no key of a config`, { hint: 'words delimited by single periods, as db.host' });
}

/** What stands at the path; undefined: nothing. */
export function settingAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, word) => (isMap(inner) && Object.hasOwn(inner, word) ? inner[word] : undefined), tree);
}

/** The tree with the value at the path, in place of all that was there. */
export function withSetting(tree: Settings, path: readonly string[], value: unknown): Settings {
  const [word, ...rest] = path;
  if (word === undefined) return isMap(value) ? value : {};
  const inner = tree[word];
  return { ...tree, [word]: rest.length === 0 ? value : withSetting(isMap(inner) ? inner : {}, rest, value) };
}

/** The tree without what stands at the path, and without the maps that are empty then. */
export function withoutSetting(tree: Settings, path: readonly string[]): Settings {
  const [word, ...rest] = path;
  if (word === undefined || !Object.hasOwn(tree, word)) return tree;
  const { [word]: inner, ...others } = tree;
  if (rest.length === 0) return others;
  if (!isMap(inner)) return tree;
  const left = withoutSetting(inner, rest);
  return Object.keys(left).length === 0 ? others : { ...others, [word]: left };
}

/** Whether a config says itself what stands at the path, or something that what is set there would take the place of. */
export function declaresAt(config: Settings, path: readonly string[]): boolean {
  let inner: unknown = config;
  for (const word of path) {
    if (!isMap(inner)) return true;
    if (!Object.hasOwn(inner, word)) return false;
    inner = inner[word];
  }
  return true;
}

/** What is set without all that a config says itself. */
export function undeclared(settings: Settings, config: Settings): Settings {
  const left = Object.entries(settings).flatMap(([word, value]): [string, unknown][] => {
    if (!Object.hasOwn(config, word)) return [[word, value]];
    const said = config[word];
    if (!isMap(value) || isReference(value) || !isMap(said) || isReference(said)) return [];
    const inner = undeclared(value, said);
    return Object.keys(inner).length === 0 ? [] : [[word, inner]];
  });
  return Object.fromEntries(left);
}

/** The paths of keys that are set, as they are written. */
export function settingKeys(tree: Settings, before = ''): string[] {
  return Object.entries(tree).flatMap(([word, value]) =>
    isMap(value) && !isReference(value) ? settingKeys(value, `${before}${word}.`) : [`${before}${word}`],
  );
}

/** A reference to a secret, in place of its value. */
export function isReference(value: unknown): value is { readonly secret: string; readonly fingerprint?: string } {
  if (!isMap(value) || typeof value.secret !== 'string') return false;
  return Object.keys(value).every((key) => key === 'secret' || key === 'fingerprint');
}

export function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
