import { dirname } from 'node:path/posix';
import { canonicalJson } from '../model/canonical.ts';
import type { FileText } from '../model/config-set.ts';
import { asDict, type Defaults, type Evaluated, evaluateEntry } from './entry.ts';
import type { Findings } from './findings.ts';
import type { Gathering, Layer } from './gather.ts';
import { mergeDicts } from './merge.ts';
import { type Dict, type Located, type Node, type Pair, spanOf } from './node.ts';
import { isIgnored } from './raw.ts';
import type { Session } from './session.ts';
import { checkTopKeys, readDefaults } from './top.ts';

export interface Assembled {
  /** The top of everything; its `modules` is not to be looked at. */
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
  if (!layers.some(({ units }) => units.some((unit) => unit.root?.fields.has('modules')))) {
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
    const modules = session.modules(unit, around);
    if (modules === null) return null;
    for (const [name, module] of modules) declare(name, module, all, findings);
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
  const root = roots.slice(1).reduce((under, over) => mergeDicts(under, over, 'drop'), roots[0] ?? empty);
  const around = { env, findings, defaults: readDefaults(root, env, findings), folder: folderOf(layers[0]) };
  const modules = new Map<string, Evaluated>();
  const declared = root.fields.get('modules')?.value;
  if (declared?.kind === 'dict') {
    for (const [name, pair] of declared.fields) modules.set(name, evaluateEntry(name, pair, around));
  }
  return { root, modules };
}

function folderOf(first: Layer | undefined): string {
  return dirname(first?.units[0]?.file.path ?? '/');
}

const empty: Dict = { kind: 'dict', source: { file: '', lines: [0], base: 0 }, start: 0, end: 0, fields: new Map() };

/** A main file with the modules of what it includes. */
function rootOf({ units }: Layer, findings: Findings): Dict {
  const [main] = units;
  if (main === undefined || main.root === null) return empty;
  const modules = new Map<string, Pair>();
  for (const { root } of units) {
    const own = root?.fields.get('modules')?.value;
    if (own?.kind !== 'dict') continue;
    for (const [name, { key, value }] of own.fields) {
      // Sugar is dissolved before files are merged, so that a map can stand over a string.
      if (!isIgnored(name)) declare(name, { key, value: asDict(value) ?? value }, modules, findings);
    }
  }
  const { value = main.root, key = main.root } = main.root.fields.get('modules') ?? {};
  const fields = new Map(main.root.fields).set('modules', { key, value: { ...value, kind: 'dict', fields: modules } });
  return { ...main.root, fields };
}

function declare<T extends { readonly key: Located }>(name: string, item: T, all: Map<string, T>, findings: Findings): void {
  const first = all.get(name);
  if (first === undefined) {
    all.set(name, item);
    return;
  }
  const { file, line } = spanOf(first.key);
  findings.error(item.key, 'duplicateModule', `${name} is declared here and at ${file}:${line}`, 'remove or rename one of them');
}
