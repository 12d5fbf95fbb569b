import { dirname } from 'node:path/posix';
import { canonicalJson } from '../model/canonical.ts';
import type { FileText } from '../model/config-set.ts';
import { didYouMean } from '../model/suggest.ts';
import { declare } from './declare.ts';
import { asDict, type Defaults, type Evaluated, evaluateEntry } from './entry.ts';
import type { Findings } from './findings.ts';
import type { Gathering, Layer } from './gather.ts';
import { componentsKey, evaluateHosts, normalHosts } from './hosts.ts';
import { mergeDicts } from './merge.ts';
import type { Dict, Node, Pair } from './node.ts';
import { isIgnored } from './raw.ts';
import type { Session } from './session.ts';
import { checkTopKeys, readDefaults } from './top.ts';
import type { Unit } from './unit.ts';

export interface Assembled {
  /** The top of everything; its `modules` and `hosts` are not to be looked at. */
  readonly root: Dict;
  readonly modules: ReadonlyMap<string, Evaluated>;
}

/** What all files say together; null if a file has to be read as a whole for that. */
export function assemble(layers: readonly Layer[], gathering: Gathering, session: Session): Assembled | null {
  const { findings } = gathering;
  for (const { units } of layers) {
    for (const [index, { root }] of units.entries()) if (root !== null) checkTopKeys(root, index === 0, findings);
  }
  const [only] = layers;
  const assembled = layers.length === 1 && only !== undefined ? one(only, gathering, session) : several(layers, gathering);
  if (assembled !== null && !gathering.incomplete) checkWhole(assembled.root, layers, findings);
  return assembled;
}

function checkWhole(root: Dict, layers: readonly Layer[], findings: Findings): void {
  const start = { ...root, start: 0, end: 0 };
  if (!root.fields.has('version')) {
    findings.warning(start, 'missingVersion', 'the config does not say its version', 'begin with version: 1');
  }
  const declares = ({ root }: Unit): boolean => root?.fields.has('modules') === true || root?.fields.has('hosts') === true;
  if (!layers.some(({ units }) => units.some(declares))) {
    findings.error(start, 'noModules', 'the config has no modules', 'for a config without modules write modules: {}');
  }
}

/** Of one main file each file's entries can be kept from before. */
function one(layer: Layer, { env, findings }: Gathering, session: Session): Assembled | null {
  const { units } = layer;
  const root = units[0]?.root ?? empty;
  const defaults = readDefaults(root, env, findings);
  const around = { env, findings, defaults, folder: folderOf(layer), defaultsKey: defaultsKey(defaults, units[0]?.file) };
  const all = new Map<string, Evaluated>();
  for (const unit of units) {
    const entries = session.entries(unit, around);
    if (entries === null) return null;
    for (const [name, entry] of entries) declare(name, entry, all, findings);
  }
  return { root, modules: all };
}

/** Equal where defaults make the same of an entry. What refers to a place in them changes with the file. */
function defaultsKey(defaults: Defaults, main: FileText | undefined): string {
  const all = Object.values(defaults);
  const refers = all.some(({ fields }) => fields.has('requires') || fields.has('after'));
  return canonicalJson([Object.entries(defaults).map(([kind, dict]) => [kind, plain(dict)]), main?.path, refers ? main?.sha256 : '']);
}

function plain(node: Node): unknown {
  if (node.kind === 'scalar') return [node.value, node.written];
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries([...node.fields].map(([name, { value }]) => [name, plain(value)]));
}

/** Later files over earlier ones. */
function several(layers: readonly Layer[], { env, findings }: Gathering): Assembled {
  const roots = layers.map((layer) => rootOf(layer, findings));
  const [first = empty, ...later] = roots;
  const root = later.reduce((under, over) => {
    checkAdditions(under, over, findings);
    return mergeDicts(under, over, 'drop');
  }, first);
  const around = { env, findings, defaults: readDefaults(root, env, findings), folder: folderOf(layers[0]) };
  const modules = new Map<string, Evaluated>();
  for (const [name, pair] of entriesOf(root, 'modules')) modules.set(name, evaluateEntry(name, pair, around));
  const hosts = root.fields.get('hosts')?.value;
  for (const entry of hosts?.kind === 'dict' ? evaluateHosts(hosts, around) : []) declare(entry.name, entry, modules, findings);
  return { root, modules };
}

function folderOf(first: Layer | undefined): string {
  return dirname(first?.units[0]?.file.path ?? '/');
}

const empty: Dict = { kind: 'dict', source: { file: '', lines: [0], base: 0 }, start: 0, end: 0, fields: new Map() };

/** A main file with the modules and hosts of what it includes. */
function rootOf({ units }: Layer, findings: Findings): Dict {
  const [main] = units;
  if (main === undefined || main.root === null) return empty;
  const fields = new Map(main.root.fields);
  for (const section of ['modules', 'hosts'] as const) {
    const all = new Map<string, Pair>();
    for (const { root } of units) {
      if (root === null) continue;
      // Sugar is dissolved before files are merged, so that a map can stand over a string.
      for (const [name, { key, value }] of section === 'modules' ? entriesOf(root, section) : hostsOf(root, findings)) {
        declare(name, { key, value: asDict(value) ?? value }, all, findings);
      }
    }
    const { value = main.root, key = main.root } = fields.get(section) ?? {};
    fields.set(section, { key, value: { ...value, kind: 'dict', fields: all } });
  }
  return { ...main.root, fields };
}

function entriesOf(root: Dict, section: 'modules' | 'hosts'): [string, Pair][] {
  const declared = root.fields.get(section)?.value;
  return declared?.kind === 'dict' ? [...declared.fields].filter(([name]) => !isIgnored(name)) : [];
}

function hostsOf(root: Dict, findings: Findings): Iterable<[string, Pair]> {
  const hosts = root.fields.get('hosts')?.value;
  return hosts?.kind === 'dict' ? normalHosts(hosts, findings).fields : [];
}

/** What only has components is meant to add them to a host of a file below. */
function checkAdditions(under: Dict, over: Dict, findings: Findings): void {
  const below = new Set(entriesOf(under, 'hosts').map(([name]) => name));
  for (const [name, { key, value }] of entriesOf(over, 'hosts')) {
    if (below.has(name) || value.kind !== 'dict') continue;
    const said = [...value.fields.keys()].filter((field) => !isIgnored(field));
    if (said.length !== 1 || said[0] !== componentsKey) continue;
    const hint = didYouMean(name, below) ?? 'to declare it here say what it is, e.g. service: gateway';
    findings.error(key, 'missingHost', `components of ${name} stand here, and no file below declares that host`, hint);
  }
}
