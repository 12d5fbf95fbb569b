import { dirname } from 'node:path/posix';
import { canonicalJson } from '../model/canonical.ts';
import type { FileText } from '../model/config-set.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Bounds } from './bounds.ts';
import { declare } from './declare.ts';
import { asDict, type Defaults, type Evaluated, evaluateEntry } from './entry.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Gathering, Layer } from './gather.ts';
import { componentsKey, evaluateHosts, normalHosts } from './hosts.ts';
import { mergeDicts } from './merge.ts';
import type { Dict, Node, Pair } from './node.ts';
import { isIgnored } from './raw.ts';
import type { Session } from './session.ts';
import { checkSourceAlone, hasSource } from './source.ts';
import { checkTopKeys, includedKeys, readDefaults } from './top.ts';
import type { Unit } from './unit.ts';

export interface Assembled {
  /** The top of everything; its `modules` and `hosts` are not to be looked at. */
  readonly root: Dict;
  readonly modules: ReadonlyMap<string, Evaluated>;
}

/** What all files say together, and what comes from a source; null if a file has to be read as a whole for that. */
export function assemble(layers: readonly Layer[], sourced: Layer | null, gathering: Gathering, session: Session): Assembled | null {
  const { findings } = gathering;
  const all = sourced === null ? layers : [...layers, sourced];
  for (const { units } of all) {
    for (const [index, { root }] of units.entries()) if (root !== null) checkTopKeys(root, index === 0, findings);
  }
  const roots = layers.flatMap(({ units }) => units.flatMap(({ root }) => root ?? []));
  const mains = layers.flatMap(({ units }) => units[0]?.root ?? []);
  // A later file may take it back.
  if (mains.some(hasSource) && hasSource(mergedRoot(layers, createFindings()))) for (const root of roots) checkSourceAlone(root, findings);
  const assembled = sourced === null ? fromFiles(layers, gathering, session) : one(sourced, layers, gathering, session);
  if (assembled !== null && !gathering.incomplete) checkWhole(assembled.root, layers, sourced, findings);
  return assembled;
}

function fromFiles(layers: readonly Layer[], gathering: Gathering, session: Session): Assembled | null {
  const [only] = layers;
  return layers.length === 1 && only !== undefined ? one(only, [], gathering, session) : several(layers, gathering);
}

function checkWhole(root: Dict, layers: readonly Layer[], sourced: Layer | null, findings: Findings): void {
  const start = { ...root, start: 0, end: 0 };
  if (!root.fields.has('version')) {
    findings.warning(start, 'missingVersion', 'the config does not say its version', 'begin with version: 1');
  }
  const declares = ({ root }: Unit): boolean => root?.fields.has('modules') === true || root?.fields.has('hosts') === true;
  // Where a source says it, and is not read yet, nothing is missing.
  if (sourced === null && hasSource(root)) return;
  if (!(sourced === null ? layers : [sourced]).some(({ units }) => units.some(declares))) {
    findings.error(start, 'noModules', 'the config has no modules', 'for a config without modules write modules: {}');
  }
}

/** Of one main file each file's entries can be kept from before. `hosts`: the host's own files, where it comes from a source. */
function one(layer: Layer, hosts: readonly Layer[], { env, findings, bounds, observe }: Gathering, session: Session): Assembled | null {
  const { units } = layer;
  const own = units[0]?.root ?? empty;
  const root = hosts.length === 0 ? own : withHost(own, mergedRoot(hosts, findings));
  const defaults = readDefaults(root, env, findings);
  const files = [units[0]?.file, ...hosts.flatMap((host) => host.units.map(({ file }) => file))];
  const around = { env, findings, defaults, folder: folderOf(layer), bounds, observe, defaultsKey: defaultsKey(defaults, files, bounds) };
  const all = new Map<string, Evaluated>();
  for (const unit of units) {
    const entries = session.entries(unit, around);
    if (entries === null) return null;
    for (const [name, entry] of entries) declare(name, entry, all, findings);
  }
  return { root, modules: all };
}

/** What a host says for all that it runs stays its own; its defaults lie under those of the repository. */
function withHost(own: Dict, host: Dict): Dict {
  const fields = new Map([...own.fields].filter(([name]) => includedKeys.has(name)));
  for (const [name, pair] of host.fields) if (!includedKeys.has(name) || name === 'version') fields.set(name, pair);
  const [under, over] = [host.fields.get('defaults')?.value, own.fields.get('defaults')];
  if (over === undefined) return { ...own, fields };
  const value = under?.kind === 'dict' && over.value.kind === 'dict' ? mergeDicts(under, over.value, 'drop') : over.value;
  return { ...own, fields: fields.set('defaults', { key: over.key, value }) };
}

/** Equal where defaults make the same of an entry. What refers to a place in them changes with the file. */
function defaultsKey(defaults: Defaults, files: readonly (FileText | undefined)[], bounds: Bounds | null): string {
  const all = Object.values(defaults);
  const refers = all.some(({ fields }) => fields.has('requires') || fields.has('after'));
  const from = files.map((file) => [file?.path, refers ? file?.sha256 : '']);
  return canonicalJson([Object.entries(defaults).map(([kind, dict]) => [kind, plain(dict)]), from, bounds]);
}

function plain(node: Node): unknown {
  if (node.kind === 'scalar') return [node.value, node.written];
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries([...node.fields].map(([name, { value }]) => [name, plain(value)]));
}

/** Later files over earlier ones. */
function several(layers: readonly Layer[], { env, findings, bounds, observe }: Gathering): Assembled {
  const root = mergedRoot(layers, findings);
  const around = { env, findings, bounds, observe, defaults: readDefaults(root, env, findings), folder: folderOf(layers[0]) };
  const modules = new Map<string, Evaluated>();
  for (const [name, pair] of entriesOf(root, 'modules')) modules.set(name, evaluateEntry(name, pair, around));
  const hosts = root.fields.get('hosts')?.value;
  for (const entry of hosts?.kind === 'dict' ? evaluateHosts(hosts, around) : []) declare(entry.name, entry, modules, findings);
  return { root, modules };
}

function mergedRoot(layers: readonly Layer[], findings: Findings): Dict {
  const [first = empty, ...later] = layers.map((layer) => rootOf(layer, findings));
  return later.reduce((under, over) => {
    checkAdditions(under, over, findings);
    return mergeDicts(under, over, 'drop');
  }, first);
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
