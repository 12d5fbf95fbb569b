import { MusterError } from '../model/error.ts';

/** A package.json that was read, and what it says to run. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dependencies: readonly string[];
  /** From `apps` or `pm2`; one without a name of its own has none. */
  readonly entries: readonly Entry[];
  /** The field that they come from. */
  readonly field: 'apps' | 'pm2' | 'bin' | 'main';
}

export type Entry = Readonly<Record<string, unknown>> & { readonly script: string };

/** Reads the text of a package.json. Throws with a message of its own for each thing that can be wrong with it. */
export function readManifest(text: string, file: string): Manifest {
  const content = parsed(text, file);
  const { name, version, config } = content;
  if (typeof name !== 'string' || name === '') throw wrong(`${file} has no "name"`, 'a package needs a name and a version');
  if (config !== undefined && !isMap(config)) throw wrong(`"config" of ${file} is no map of defaults`);
  const { field, entries } = entriesOf(content, file);
  const named = { name, version: typeof version === 'string' ? version : '0.0.0' };
  refuseDaemonOfPm2(content, named.name);
  return { ...named, config: config ?? {}, dependencies: Object.keys(asMap(content.dependencies)), field, entries };
}

function parsed(text: string, file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new MusterError('EINVAL', `${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!isMap(content)) throw wrong(`${file} is no map of fields`);
  return content;
}

/** The first that is there counts, whatever the others say. */
function entriesOf(content: Record<string, unknown>, file: string): Pick<Manifest, 'field' | 'entries'> {
  const { apps, pm2, bin, main } = content;
  if (apps !== undefined) return { field: 'apps', entries: appsIn(apps, 'apps', file) };
  if (pm2 !== undefined) return { field: 'pm2', entries: appsIn(isMap(pm2) && pm2.apps !== undefined ? pm2.apps : pm2, 'pm2', file) };
  if (bin !== undefined) {
    const script = typeof bin === 'string' ? bin : Object.values(asMap(bin))[0];
    if (typeof script === 'string' && script !== '') return { field: 'bin', entries: [{ script }] };
    throw wrong(`"bin" of ${file} names no script`);
  }
  if (main !== undefined) {
    if (typeof main === 'string' && main !== '') return { field: 'main', entries: [{ script: main }] };
    throw wrong(`"main" of ${file} names no script`);
  }
  throw wrong(`${file} says nothing to run`, 'it needs "apps", "pm2", "bin" or "main"');
}

function appsIn(value: unknown, field: string, file: string): Entry[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) throw wrong(`"${field}" of ${file} is empty`, 'it needs an entry with a "script"');
  return items.map((item, index) => {
    const entry = typeof item === 'string' ? { script: item } : item;
    const place = Array.isArray(value) ? `${field}[${index}]` : field;
    if (!isMap(entry)) throw wrong(`${place} of ${file} is no entry with a "script"`);
    if (typeof entry.script === 'string' && entry.script !== '') return entry as Entry;
    throw wrong(`${place} of ${file} has no "script"`);
  });
}

/** It would start a daemon of PM2 to talk to, and find nothing of muster in that. */
function refuseDaemonOfPm2(content: Record<string, unknown>, name: string): void {
  const needs = ['dependencies', 'peerDependencies'].find((field) => Object.hasOwn(asMap(content[field]), 'pm2'));
  if (needs === undefined) return;
  throw new MusterError('ENOTSUP', `${name} depends on pm2 itself: it talks to the daemon of PM2, and would start one`, {
    hint: 'muster does for its modules what PM2 does; see muster logs, events and stats, or run the package under PM2',
  });
}

function asMap(value: unknown): Record<string, unknown> {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(message: string, hint?: string): MusterError {
  return new MusterError('EINVAL', message, hint === undefined ? {} : { hint });
}
