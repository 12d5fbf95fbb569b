import { canonicalJson } from '../../../src/model/canonical.ts';
import type { Kind, Spec } from '../../../src/model/fields/table.ts';
import { fieldOf, fieldTable } from '../../../src/model/fields/table.ts';
import type { Desired, Loaded } from '../../../src/model/module.ts';

/** What a test says of a module; all else has its default. */
export type Terse = Record<string, unknown> & { code?: string | null; at?: number };

const marks = ['code', 'at', 'origin', 'state', 'failed', 'reconfigurable', 'started', 'finished', 'problem', 'skip'];

/** A module as the config would declare it; `code` is its code digest, `at` its line. */
export function desired(name: string, terse: Terse = {}): Desired {
  const { spec, digest } = specOf(terse);
  const kind = kindOf(terse);
  const code = terse.code ?? null;
  return {
    name,
    kind,
    spec,
    specDigest: digest,
    codeDigest: kind === 'code' ? (code ?? 'c0de') : code,
    path: pathOf(spec),
    source: { file: '/etc/muster.yaml', line: Number(terse.at ?? 1), column: 3 },
    ...pick(terse, ['problem', 'skip']),
  };
}

/** A loaded module, running since the generation before unless it is said otherwise. */
export function loaded(name: string, terse: Terse = {}): Loaded {
  const { problem, skip, ...record } = desired(name, terse);
  void problem;
  void skip;
  return {
    ...record,
    origin: 'config',
    generation: 1,
    state: 'R',
    failed: false,
    reconfigurable: false,
    started: true,
    ...pick(terse, ['origin', 'state', 'failed', 'reconfigurable', 'started', 'finished']),
  };
}

function kindOf(terse: Terse): Kind {
  return 'command' in terse ? 'command' : 'package' in terse ? 'package' : 'code';
}

interface Filled {
  spec: Spec;
  digest: string;
}

const filled = new Map<string, Filled>();

/** The canonical spec. The same text gives the same object, as in the config room; property tests ask for thousands. */
function specOf(terse: Terse): Filled {
  const { at, origin, state, failed, reconfigurable, started, finished, code, ...fields } = terse;
  const key = JSON.stringify(fields);
  const known = filled.get(key);
  if (known !== undefined) return known;
  const spec = filledIn(terse);
  const made = { spec, digest: digestOf(kindOf(terse), spec) };
  filled.set(key, made);
  return made;
}

/** The schema of each field fills in its default. */
function filledIn(terse: Terse): Spec {
  const kind = kindOf(terse);
  const given: Record<string, unknown> = kind === 'code' ? { module: './m.ts', ...terse } : { cwd: '/etc', ...terse };
  const unknown = Object.keys(given).filter((key) => !marks.includes(key) && !(key in fieldTable[kind]) && key !== 'cwd');
  if (unknown.length > 0) throw new Error(`no such field of ${kind}: ${unknown.join(', ')}`);
  const spec: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(fieldTable[kind])) {
    const value = parse(row.schema, withoutFingerprints(given[key]));
    if (value !== undefined) spec[key] = withFingerprints(value, given[key]);
  }
  return spec as unknown as Spec;
}

function parse(schema: unknown, value: unknown): unknown {
  const { '~standard': standard } = schema as { '~standard': { validate(value: unknown): { value?: unknown; issues?: unknown } } };
  const outcome = standard.validate(value);
  if (outcome.issues !== undefined) throw new Error(JSON.stringify(outcome.issues));
  return outcome.value;
}

/** The schema knows secrets as they are written; `resolve` adds the fingerprint. */
function withoutFingerprints(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutFingerprints);
  const entries = Object.entries(value).filter(([key]) => !('secret' in value && key === 'fingerprint'));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutFingerprints(item)]));
}

function withFingerprints(value: unknown, given: unknown): unknown {
  if (typeof value !== 'object' || value === null || typeof given !== 'object' || given === null) return value;
  if (Array.isArray(value)) return value.map((item, index) => withFingerprints(item, (given as unknown[])[index]));
  const entries = Object.entries(value).map(([key, item]) => [key, withFingerprints(item, (given as Terse)[key])]);
  return Object.fromEntries('fingerprint' in given && 'secret' in value ? [...entries, ['fingerprint', given.fingerprint]] : entries);
}

function digestOf(kind: Kind, spec: Spec): string {
  const fields = Object.entries(spec).filter(([key]) => fieldOf(kind, key)?.change !== 'ignored');
  return canonicalJson(Object.fromEntries(fields));
}

function pathOf(spec: Spec): string {
  if ('module' in spec) return spec.module;
  return 'command' in spec ? (spec.command[0] ?? '') : spec.package;
}

function pick(terse: Terse, keys: string[]): object {
  return Object.fromEntries(keys.filter((key) => key in terse).map((key) => [key, terse[key]]));
}
