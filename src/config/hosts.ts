import { declare } from './declare.ts';
import { domainOf } from './domain.ts';
import { asDict, type Evaluated, evaluateEntry, type Hosted, type Surroundings } from './entry.ts';
import type { Findings } from './findings.ts';
import { mergeDicts } from './merge.ts';
import type { Dict, Located, Pair } from './node.ts';
import { isIgnored } from './raw.ts';
import { scalarAt } from './sugar.ts';

/** Who loads a host that does not say it, and what it is. */
export const hostDefaults = { service: 'gateway', module: 'builtin:vhost' } as const;

/** No domain: below a host it has its components, below `hosts` it has lost its host. */
export const componentsKey = 'components';

/** `hosts:` with each domain as it is called, and strings as the module that they are short for, so that files can be merged. */
export function normalHosts(hosts: Dict, findings: Findings): Dict {
  const domains = normalDomains(hosts, findings);
  const fields = [...domains.fields].map(([name, { key, value }]): [string, Pair] => [name, { key, value: normalHost(value, findings) }]);
  return { ...hosts, fields: new Map(fields) };
}

function normalHost(value: Pair['value'], findings: Findings): Pair['value'] {
  const dict = asDict(value);
  const components = dict?.fields.get(componentsKey);
  if (dict === null || components?.value.kind !== 'dict') return dict ?? value;
  const normal = normalDomains(components.value, findings);
  const fields = [...normal.fields].map(([name, pair]): [string, Pair] => [name, { ...pair, value: asDict(pair.value) ?? pair.value }]);
  const inside: Pair = { key: components.key, value: { ...normal, fields: new Map(fields) } };
  return { ...dict, fields: new Map(dict.fields).set(componentsKey, inside) };
}

function normalDomains(dict: Dict, findings: Findings): Dict {
  const fields = new Map<string, Pair>();
  for (const [written, pair] of dict.fields) {
    if (isIgnored(written) || written === componentsKey) continue;
    const { name, problem, hint } = domainOf(written);
    if (problem !== null) findings.error(pair.key, 'badDomain', problem, hint);
    declare(name, pair, fields, findings);
  }
  return { ...dict, fields };
}

/** The hosts of one file, or of all that are merged, with their components. */
export function evaluateHosts(hosts: Dict, around: Surroundings): Evaluated[] {
  return [...hosts.fields].flatMap(([name, pair]) => evaluateHost(name, pair, around));
}

function evaluateHost(name: string, { key, value }: Pair, around: Surroundings): Evaluated[] {
  const own = asDict(value);
  if (own === null) return [evaluateEntry(name, { key, value }, around, { host: name, isHost: true, under: empty(key) })];
  const { itself, ofComponents } = hostOf(name, { key, value: own }, around);
  const components = own.fields.get(componentsKey);
  const inside = components === undefined ? [] : componentsIn(components, name, around.findings);
  return [
    evaluateEntry(name, itself.pair, around, itself.hosted),
    ...inside.map(([component, pair]) => evaluateEntry(component, pair, around, ofComponents)),
  ];
}

export interface Host {
  readonly itself: { readonly pair: Pair; readonly hosted: Hosted };
  readonly ofComponents: Hosted;
}

/** How a host and its components are to be read; `value` may be without `components`. */
export function hostOf(name: string, { key, value }: { key: Located; value: Dict }, { defaults }: Surroundings): Host {
  const fields = new Map([...value.fields].filter(([field]) => field !== componentsKey));
  const own = { ...value, fields };
  const builtIn = Object.entries(hostDefaults).map(([field, text]): [string, Pair] => [field, { key, value: scalarAt(key, text) }]);
  const given = new Map([...builtIn, ...(defaults.hosts?.fields ?? [])]);
  const under: Dict = { ...empty(key), fields: given };
  const whole = mergeDicts(under, own, 'keep');
  // Its module, limits and the rest are those of the host alone.
  const inherited = ['service', 'config'].flatMap((field): [string, Pair][] => {
    const pair = whole.fields.get(field) ?? (field === 'service' ? given.get(field) : undefined);
    return pair === undefined ? [] : [[field, pair]];
  });
  return {
    itself: { pair: { key, value: own }, hosted: { host: name, isHost: true, under } },
    ofComponents: { host: name, isHost: false, under: { ...empty(key), fields: new Map(inherited) } },
  };
}

function empty({ source, start, end }: Located): Dict {
  return { kind: 'dict', source, start, end, fields: new Map() };
}

function componentsIn({ key, value }: Pair, host: string, findings: Findings): [string, Pair][] {
  if (value.kind === 'dict') return [...value.fields];
  const isEmpty = value.kind === 'scalar' && value.value === null;
  if (isEmpty) findings.error(key, 'emptyComponents', `components of ${host} has nothing after it`, 'remove it, or write components: {}');
  else findings.error(value, 'wrongType', `components of ${host} must be a map from domains to entries`);
  return [];
}

/** Checks what one file says below its `hosts`, before layers are merged. */
export function checkHosts({ key, value }: Pair, findings: Findings): void {
  if (value.kind === 'scalar' && value.value === null) {
    findings.error(key, 'emptyHosts', 'hosts has nothing after it', 'to declare that there are none write hosts: {}');
  } else if (value.kind !== 'dict') {
    findings.error(value, 'wrongType', 'hosts must be a map from domains to hosts');
  } else {
    const stray = value.fields.get(componentsKey);
    if (stray !== undefined)
      findings.error(stray.key, 'strayComponents', 'components stand here without a host', 'indent them below theirs');
  }
}
