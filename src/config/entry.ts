import { createHash } from 'node:crypto';
import { canonicalJson, deepFreeze } from '../model/canonical.ts';
import { type CodeSpec, fieldOf, isWritable, type Kind, type Spec } from '../model/fields/table.ts';
import type { Entry } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import { type Bounds, checkEntryBounds } from './bounds.ts';
import { checkBuiltinConfig } from './builtin.ts';
import type { Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import { type Dialect, kindOf, knownFields } from './kind-of.ts';
import { entryRules, kindSchema } from './kind-schema.ts';
import { mergeDicts } from './merge.ts';
import type { Dict, Located, Pair } from './node.ts';
import { settleOneshot } from './oneshot.ts';
import { checkPlacement, placed, serviceFor } from './placement.ts';
import { type Rules, toRaw } from './raw.ts';
import { report } from './report.ts';
import type { Observed } from './said.ts';
import { dissolve } from './sugar.ts';

/** By kind, and of hosts. */
export type Defaults = Readonly<Partial<Record<Kind | 'hosts', Dict>>>;

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
  /** Of what comes from elsewhere; null: it is the host's own. */
  readonly bounds: Bounds | null;
  readonly findings: Findings;
  /** Told what each entry was made of. */
  readonly observe?: ((observed: Observed) => void) | undefined;
}

/** How an entry below `hosts:` is read: as one of `modules:` that also has what its host gives it. */
export interface Hosted extends Dialect {
  readonly host: string;
  /** Below what it says itself and over defaults by kind; `service` is always there. */
  readonly under: Dict;
}

/** One entry from text to canonical spec. Everything that is wrong with it becomes a finding. */
export function evaluateEntry(name: string, { key, value }: Pair, around: Surroundings, hosted?: Hosted): Evaluated {
  const { findings } = around;
  const before = findings.all.length;
  const failed: Evaluated = { name, key, entry: null, disabled: false, requires: [], after: [], provides: [], service: null };
  const problem = hosted === undefined ? nameProblem(name) : null;
  if (problem !== null) findings.error(key, 'badName', problem);

  const said = asDict(value);
  if (said === null) {
    const empty = value.kind === 'scalar' && value.value === null;
    const found = empty ? 'has nothing after it' : 'must be a map, or a module as a string';
    const hint = hosted?.isHost ? 'for a host that is all defaults write {}' : 'write e.g. {module: ./modules/x.ts}';
    findings.error(empty ? key : value, empty ? 'emptyEntry' : 'wrongType', `${name} ${found}`, hint);
    return failed;
  }
  const kind = kindOf({ name, key, own: said, dialect: hosted, findings });
  if (kind === null) return failed;
  const { own, pathAt } = hosted === undefined ? { own: said, pathAt: null } : dissolve(said, findings);
  const whole = merged(own, kind, around.defaults, hosted);
  const secrets: string[][] = [];
  const known = knownFields(kind, whole, findings, hosted);
  around.observe?.({ name, whole: known, own, defaults: around.defaults[kind] });
  const rules = pathAt === null ? entryRules : (path: readonly string[]) => (path.join('.') === pathAt ? fileRule : entryRules(path));
  const given = toRaw(known, { env: around.env, findings, rules, secrets }) as Record<string, unknown>;
  if (hosted !== undefined) addHost(given, name, hosted);
  const raw = kind === 'command' ? settleOneshot({ name, own, raw: given, findings }) : given;
  if (kind === 'command' && !('cwd' in raw)) raw.cwd = around.folder;

  const parsed = kindSchema(kind).safeParse(raw);
  if (!parsed.success) {
    report(parsed.error.issues, { schema: kindSchema(kind), raw, node: whole, key, findings });
  }
  if (parsed.success && kind === 'code' && findings.all.length === before) {
    checkBuiltinConfig({ spec: parsed.data as unknown as CodeSpec, secrets, whole, key, findings });
  }
  checkPlacement({ name, key, kind, own, raw, findings });
  if (around.bounds !== null) checkEntryBounds({ key, whole, raw, secrets, bounds: around.bounds, findings });
  const host = hosted === undefined || hosted.isHost ? [] : [{ name: hosted.host, at: key }];
  const references = {
    requires: [...referencesIn(whole, 'requires', raw), ...host],
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

const fileRule: Rules = { path: 'file' };

/** The entry over what its host gives it, and that over the defaults of the kind. */
function merged(own: Dict, kind: Kind, { [kind]: defaults }: Defaults, hosted: Hosted | undefined): Dict {
  const over = hosted === undefined ? own : overHost(own, kind, hosted.under);
  return defaults === undefined ? over : mergeDicts(defaults, over, 'keep');
}

function overHost(own: Dict, kind: Kind, { fields, ...under }: Dict): Dict {
  const fitting = new Map([...fields].filter(([field]) => isWritable(kind, field)));
  const over = mergeDicts({ ...under, fields: fitting }, own, 'keep');
  const service = over.fields.get('service') ?? fields.get('service');
  // A null takes back what the entry itself says, no more: a period in a domain says nothing of a service.
  return service === undefined ? over : { ...over, fields: new Map(over.fields).set('service', service) };
}

function addHost(raw: Record<string, unknown>, name: string, { host }: Hosted): void {
  // What is wrong with a domain is said where it stands.
  if (nameProblem(host) === null) raw.host = host;
  if (host !== name && (raw.requires === undefined || Array.isArray(raw.requires))) raw.requires = [...(raw.requires ?? []), host];
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
