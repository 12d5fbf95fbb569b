import { deepFreeze } from '../model/canonical.ts';
import { MusterError } from '../model/error.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Entry } from '../model/module.ts';
import { mergedConfig } from '../model/package-config.ts';
import { isMap, isReference, looksSecret, type Settings, undeclared } from '../model/settings.ts';
import { digestSpec } from './digest.ts';

/** What was set by hand of the config of the module of that name; undefined: nothing. */
export type SettingsOf = (name: string) => Settings | undefined;

/**
 * Entries with what was set over their config; the same object for the same entry and the same settings. What the config files
 * declare holds against what was set before they did.
 */
export function createSettled(settingsOf: SettingsOf): (entry: Entry, isDeclared: boolean) => Entry {
  const made = new WeakMap<Entry, { readonly settings: Settings; readonly entry: Entry }>();
  return (entry, isDeclared) => {
    if (!('config' in entry.spec)) return entry;
    const { renamedFrom } = entry.spec;
    const settings = settingsOf(entry.name) ?? (renamedFrom === undefined ? undefined : settingsOf(renamedFrom));
    if (settings === undefined) return entry;
    const known = made.get(entry);
    if (known?.settings === settings) return known.entry;
    const held = isDeclared ? undeclared(settings, entry.spec.config) : settings;
    const settled = Object.keys(held).length === 0 ? entry : withSettings(entry, held);
    made.set(entry, { settings, entry: settled });
    return settled;
  };
}

/** One of several programs of a package has also what was set of them all. */
function withSettings(entry: Entry, own: Settings): Entry {
  const inherited = (entry.spec as CodeSpec).settings;
  const settings = inherited === undefined ? own : mergedConfig(inherited, own);
  const spec = { ...entry.spec, settings };
  const secrets = [...entry.secrets.filter(([field]) => field !== 'settings'), ...secretPlaces(settings, ['settings'])];
  return deepFreeze({ ...entry, spec, secrets, digest: digestSpec(entry.kind, spec) });
}

/** Where secrets stand, as paths of keys. */
export function secretPlaces(tree: unknown, path: readonly string[]): (readonly string[])[] {
  if (isReference(tree)) return [path];
  if (Array.isArray(tree)) return tree.flatMap((item, index) => secretPlaces(item, [...path, String(index)]));
  if (!isMap(tree)) return [];
  return Object.entries(tree).flatMap(([key, item]) => secretPlaces(item, [...path, key]));
}

/**
 * The value as it may be kept: what stands under a key that looks secret is sealed, as text. `{secret: "file:…"}` is the reference
 * that it is in the config.
 */
export function sealedValue(path: readonly string[], value: unknown, seal: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => sealedValue(path, item, seal));
  if (isMap(value)) {
    if (isReference(value)) return reference(value.secret);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sealedValue([...path, key], item, seal)]));
  }
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '' || !path.some(looksSecret)) return value;
  // A reference of text is a template, in which two dollars are one.
  return { secret: seal(`text:${String(value).replaceAll('$', '$$$$')}`) };
}

function reference(secret: string): { secret: string } {
  if (/^(?:env|file|exec):./s.test(secret)) return { secret };
  throw new MusterError('EINVAL', 'a reference to a secret names where it is', { hint: 'expected env:NAME, file:PATH or exec:ARGV' });
}
