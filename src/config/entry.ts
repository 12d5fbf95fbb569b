import { createHash } from 'node:crypto';
import { canonicalJson, deepFreeze } from '../model/canonical.ts';
import type { Fields } from '../model/fields/kit.ts';
import { fieldOf, fieldTable, type Kind, kindKey, kinds, type Spec } from '../model/fields/table.ts';
import type { Entry } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import { describe } from './issues.ts';
import { entryRules, kindSchema } from './kind-schema.ts';
import { mergeDicts } from './merge.ts';
import type { Dict, Located, Pair } from './node.ts';
import { settleOneshot } from './oneshot.ts';
import { checkPlacement, placed, serviceFor } from './placement.ts';
import { isIgnored, toRaw } from './raw.ts';
import { report } from './report.ts';

export type Defaults = Readonly<Partial<Record<Kind, Dict>>>;

/** A name that an entry refers to, with its place. */
export interface Reference {
  readonly name: string;
  readonly at: Located;
}

export interface Evaluated {
  readonly name: string;
  readonly key: Located;
  /** Null if there is an error in it. */
  readonly entry: Entry | null;
  readonly disabled: boolean;
  readonly requires: readonly Reference[];
  readonly after: readonly Reference[];
  /** Services it registers. */
  readonly provides: readonly string[];
  /** The service that loads it. */
  readonly service: string | null;
}

export interface Surroundings {
  readonly env: Environment;
  readonly defaults: Defaults;
  /** Of the first config file: commands run there unless they say where, whichever file they stand in. */
  readonly folder: string;
  readonly findings: Findings;
}

/** One entry of `modules:` from text to canonical spec. Everything that is wrong with it becomes a finding. */
export function evaluateEntry(name: string, { key, value }: Pair, around: Surroundings): Evaluated {
  const { findings } = around;
  const before = findings.all.length;
  const failed: Evaluated = { name, key, entry: null, disabled: false, requires: [], after: [], provides: [], service: null };
  const problem = nameProblem(name);
  if (problem !== null) findings.error(key, 'badName', problem);

  const own = asDict(value);
  if (own === null) {
    const empty = value.kind === 'scalar' && value.value === null;
    const found = empty ? 'has nothing after it' : 'must be a map, or a module as a string';
    findings.error(empty ? key : value, empty ? 'emptyEntry' : 'wrongType', `${name} ${found}`, 'write e.g. {module: ./modules/x.ts}');
    return failed;
  }
  const kind = kindOf(name, key, own, findings);
  if (kind === null) return failed;
  const defaults = around.defaults[kind];
  const whole = defaults === undefined ? own : mergeDicts(defaults, own, 'keep');
  const secrets: string[][] = [];
  const known = knownFields(kind, whole, findings);
  const given = toRaw(known, { env: around.env, findings, rules: entryRules, secrets }) as Record<string, unknown>;
  const raw = kind === 'command' ? settleOneshot({ name, own, raw: given, findings }) : given;
  if (kind === 'command' && !('cwd' in raw)) raw.cwd = around.folder;

  const parsed = kindSchema(kind).safeParse(raw);
  if (!parsed.success) {
    report(parsed.error.issues, { schema: kindSchema(kind), raw, node: whole, key, findings });
  }
  const bad = new Set(parsed.error?.issues.map((issue) => issue.path[0]));
  refuseUnbuilt(name, key, kind, raw, whole, findings, bad);
  checkPlacement({ name, key, kind, own, raw, findings });
  const references = {
    requires: referencesIn(whole, 'requires', raw),
    after: referencesIn(whole, 'after', raw),
    provides: Array.isArray(raw.provides) ? raw.provides.filter((service) => typeof service === 'string') : [],
    service: serviceFor(name, raw.service),
  };
  if (!parsed.success || findings.all.length > before) return { ...failed, ...references };
  const spec = canonical(name, parsed.data as unknown as Spec);
  return { name, key, entry: entryOf(name, kind, spec, secrets), disabled: spec.disabled, ...references };
}

/** A string is sugar for the module. */
export function asDict(value: Pair['value']): Dict | null {
  if (value.kind === 'dict') return value;
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return null;
  const { source, start, end } = value;
  return { kind: 'dict', source, start, end, fields: new Map([['module', { key: value, value }]]) };
}

function kindOf(name: string, key: Located, own: Dict, findings: Findings): Kind | null {
  const given = kinds.filter((kind) => own.fields.has(kindKey[kind]));
  const [kind] = given;
  const all = kinds.map((each) => kindKey[each]);
  if (kind === undefined) {
    const near = [...own.fields].find(([field]) => !isKnownAnywhere(field) && didYouMean(field, all) !== undefined);
    if (near !== undefined) findings.error(near[1].key, 'unknownKey', `unknown key "${near[0]}" in ${name}`, didYouMean(near[0], all));
    else findings.error(key, 'missingKind', `${name} says not what to run`, `give it one of ${all.join(', ')}`);
    return null;
  }
  const [, second] = given;
  if (second === undefined) return kind;
  const names = given.map((each) => kindKey[each]).join(' and ');
  findings.error(own.fields.get(kindKey[second])?.key ?? key, 'severalKinds', `${name} has ${names}`, 'leave exactly one of them');
  return null;
}

function isKnownAnywhere(field: string): boolean {
  return isIgnored(field) || kinds.some((kind) => fieldOf(kind, field) !== undefined);
}

/** The fields that the kind has; the others are reported. */
export function knownFields(kind: Kind, whole: Dict, findings: Findings): Dict {
  const known = new Map<string, Pair>();
  for (const [field, pair] of whole.fields) {
    if (fieldOf(kind, field) !== undefined) known.set(field, pair);
    else if (!isIgnored(field)) reportUnknown(kind, field, pair.key, findings);
  }
  return { ...whole, fields: known };
}

function reportUnknown(kind: Kind, field: string, at: Located, findings: Findings): void {
  if (kind === 'command' && field === 'config') {
    findings.error(at, 'configOnCommand', 'a command gets no config: nothing could deliver it', 'use args, env or files');
    return;
  }
  const elsewhere = kinds.filter((other) => fieldOf(other, field) !== undefined).map((other) => kindKey[other]);
  if (elsewhere.length > 0) {
    findings.error(at, 'unknownKey', `"${field}" is no field of an entry with ${kindKey[kind]}; it belongs to ${elsewhere.join(' and ')}`);
    return;
  }
  findings.error(at, 'unknownKey', `unknown key "${field}"`, didYouMean(field, Object.keys(fieldTable[kind])));
}

function refuseUnbuilt(
  name: string,
  key: Located,
  kind: Kind,
  raw: Record<string, unknown>,
  whole: Dict,
  findings: Findings,
  bad: ReadonlySet<unknown>,
): void {
  for (const [field, { unbuilt }] of Object.entries(fieldTable[kind] as Fields)) {
    if (unbuilt === undefined || bad.has(field) || !(field in raw) || raw[field] === null || !unbuilt(raw[field])) continue;
    const at = whole.fields.get(field)?.key ?? key;
    const what = typeof raw[field] === 'object' ? field : `${field}: ${describe(raw[field])}`;
    findings.error(at, 'notBuilt', `${what} is not built yet in this version of muster`, `remove it from ${name}`);
  }
}

function referencesIn(whole: Dict, field: string, raw: Record<string, unknown>): Reference[] {
  const list = whole.fields.get(field)?.value;
  const values = raw[field];
  if (list?.kind !== 'list' || !Array.isArray(values)) return [];
  return list.items.flatMap((item, index) => {
    const value: unknown = values[index];
    const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : value;
    const at = item.kind === 'dict' ? (item.fields.get('name')?.value ?? item) : item;
    return typeof name === 'string' ? [{ name, at }] : [];
  });
}

/** One form for what means the same. The order of `requires`, `after` and `provides` means nothing. */
function canonical(name: string, spec: Spec): Spec {
  const reloads = new Map<string, boolean>();
  for (const item of spec.requires) {
    const required = typeof item === 'string' ? { name: item, reload: false } : item;
    reloads.set(required.name, required.reload || (reloads.get(required.name) ?? false));
  }
  const requires = [...reloads.keys()].sort().map((other) => (reloads.get(other) ? { name: other, reload: true } : other));
  const lists = {
    requires,
    after: [...new Set(spec.after)].sort(),
    provides: [...new Set(spec.provides)].filter((own) => own !== name).sort(),
  };
  return placed(name, { ...spec, ...lists } as Spec);
}

function entryOf(name: string, kind: Kind, spec: Spec, secrets: string[][]): Entry {
  const counted = Object.entries(spec).filter(([field]) => fieldOf(kind, field)?.change !== 'ignored');
  const digest = createHash('sha256')
    .update(canonicalJson(Object.fromEntries(counted)))
    .digest('hex');
  return deepFreeze({ name, kind, spec, digest, secrets });
}
