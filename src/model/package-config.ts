import type { Spec } from './fields/table.ts';

type Config = Readonly<Record<string, unknown>>;

/** The config of a module, as declared and with what was set over that; its package's defaults are not in it. */
export function configOf(spec: Spec): Config {
  if (!('config' in spec)) return {};
  return spec.settings === undefined ? spec.config : mergedConfig(spec.config, spec.settings);
}

/** What a package is configured with: its own defaults under what is said of the module. Maps are merged, all else is replaced. */
export function mergedConfig(defaults: Config, said: Config): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(said)) {
    const before = merged[key];
    merged[key] = isMap(before) && isMap(value) ? mergedConfig(before, value) : value;
  }
  return merged;
}

/** A config as modules of PM2 look for it: each key a variable, maps and lists as JSON, and all of it under the package's name. */
export function configVariables(packageName: string, config: Config): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || !isVariable(key)) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (!text.includes('\0')) variables[key] = text;
  }
  return { ...variables, [packageName]: JSON.stringify(config) };
}

function isVariable(key: string): boolean {
  return /^[^=\0]+$/.test(key);
}

function isMap(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
