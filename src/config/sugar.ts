import type { Findings } from './findings.ts';
import { mergeDicts } from './merge.ts';
import { type Dict, type Located, type Node, type Pair, placeOf, type Scalar } from './node.ts';

/** What an entry below `hosts:` can say instead of a module: the module that it means, and the key of its config. */
const sugars = {
  proxy: {
    module: 'builtin:proxy',
    key: 'to',
    doc: 'Hands requests on to this address: short for `builtin:proxy` with `config: {to: …}`.',
  },
  static: {
    module: 'builtin:static',
    key: 'root',
    doc: 'Serves the files of this folder: short for `builtin:static` with `config: {root: …}`, the path absolute.',
  },
} as const;

type Sugar = keyof typeof sugars;
const names = Object.keys(sugars) as Sugar[];

/** For the schema and for hints. */
export const sugarKeys: readonly { readonly name: string; readonly key: string; readonly doc: string }[] = names.map((name) => ({
  name,
  ...sugars[name],
}));

export interface Dissolved {
  readonly own: Dict;
  /** Where in the entry a path stands that is relative to its file; null: nowhere. */
  readonly pathAt: string | null;
}

/** `proxy: 127.0.0.1:8081` or `proxy: {to: …}` as the module with its config; what else there is in `config` stays. */
export function dissolve(own: Dict, findings: Findings): Dissolved {
  const sugar = names.find((name) => own.fields.has(name));
  const pair = sugar === undefined ? undefined : own.fields.get(sugar);
  if (sugar === undefined || pair === undefined) return { own, pathAt: null };
  const { module, key } = sugars[sugar];
  const config = configOf(pair, sugar, findings);
  const fields = new Map<string, Pair>([...own.fields].filter(([name]) => name !== sugar));
  fields.set('module', { key: pair.key, value: scalarAt(pair.key, module) });
  const said = own.fields.get('config');
  const again = said?.value.kind === 'dict' ? said.value.fields.get(key) : undefined;
  if (again !== undefined && config?.fields.has(key) === true) {
    findings.error(again.key, 'saidTwice', `config.${key} says again what ${sugar} says at ${placeOf(pair)}`, 'remove one of them');
  }
  if (config !== null) {
    const all = said?.value.kind === 'dict' ? mergeDicts(config, said.value, 'keep', true) : config;
    if (said === undefined || said.value.kind === 'dict') fields.set('config', { key: said?.key ?? pair.key, value: all });
  }
  return { own: { ...own, fields }, pathAt: sugar === 'static' ? `config.${key}` : null };
}

function configOf({ key, value }: Pair, sugar: Sugar, findings: Findings): Dict | null {
  if (value.kind === 'dict') return value;
  const text = value.kind === 'scalar' && (typeof value.value === 'string' || typeof value.value === 'number') ? value.written : '';
  if (value.kind === 'scalar' && text !== '') {
    const said: Node = typeof value.value === 'string' ? value : { ...value, value: text };
    return {
      kind: 'dict',
      source: value.source,
      start: value.start,
      end: value.end,
      fields: new Map([[sugars[sugar].key, { key, value: said }]]),
    };
  }
  const expected = sugar === 'proxy' ? 'an address such as 127.0.0.1:8081' : 'a folder such as ./public';
  findings.error(value.end > value.start ? value : key, 'wrongType', `${sugar}: expected ${expected}, or a map`);
  return null;
}

/** Text that stands nowhere, at the place of what means it. */
export function scalarAt({ source, start, end }: Located, value: string): Scalar {
  return { kind: 'scalar', source, start, end, value, written: value };
}
