import { asDict } from './entry.ts';
import type { Gathering, Layer } from './gather.ts';
import { mergeDicts } from './merge.ts';
import { type Dict, type Pair, spanOf } from './node.ts';
import { isIgnored } from './raw.ts';
import { checkTopKeys } from './top.ts';

/** One tree of everything: each main file with the modules of what it includes, later files over earlier ones. */
export function assemble(layers: readonly Layer[], gathering: Gathering): Dict {
  const { findings } = gathering;
  for (const { units } of layers) {
    for (const [index, { root }] of units.entries()) if (root !== null) checkTopKeys(root, index === 0, findings);
  }
  const roots = layers.map((layer) => rootOf(layer, gathering));
  const whole = roots.slice(1).reduce((under, over) => mergeDicts(under, over, 'drop'), roots[0] ?? empty);
  if (!gathering.incomplete && !whole.fields.has('version')) {
    findings.warning({ ...whole, start: 0, end: 0 }, 'missingVersion', 'the config does not say its version', 'begin with version: 1');
  }
  if (!gathering.incomplete && !layers.some(({ units }) => units.some(({ root }) => root?.fields.has('modules')))) {
    const message = 'the config has no modules';
    findings.error({ ...whole, start: 0, end: 0 }, 'noModules', message, 'for a config without modules write modules: {}');
  }
  return whole;
}

const empty: Dict = { kind: 'dict', source: { file: '', lines: [0], base: 0 }, start: 0, end: 0, fields: new Map() };

function rootOf({ units }: Layer, gathering: Gathering): Dict {
  const [main] = units;
  if (main === undefined || main.root === null) return empty;
  const modules = new Map<string, Pair>();
  for (const { root } of units) {
    const own = root?.fields.get('modules')?.value;
    if (own?.kind !== 'dict') continue;
    for (const [name, pair] of own.fields) {
      if (!isIgnored(name)) declare(name, pair, modules, gathering);
    }
  }
  const { value = main.root, key = main.root } = main.root.fields.get('modules') ?? {};
  const fields = new Map(main.root.fields).set('modules', { key, value: { ...value, kind: 'dict', fields: modules } });
  return { ...main.root, fields };
}

function declare(name: string, pair: Pair, modules: Map<string, Pair>, { findings }: Gathering): void {
  const first = modules.get(name);
  if (first !== undefined) {
    const { file, line } = spanOf(first.key);
    findings.error(pair.key, 'duplicateModule', `${name} is declared here and at ${file}:${line}`, 'remove or rename one of them');
    return;
  }
  // Sugar is dissolved before files are merged, so that a map can stand over a string.
  modules.set(name, { key: pair.key, value: asDict(pair.value) ?? pair.value });
}
