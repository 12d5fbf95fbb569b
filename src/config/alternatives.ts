import type { Alternatives } from '../model/requires.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Evaluated } from './entry.ts';
import type { Findings } from './findings.ts';
import type { Layer } from './gather.ts';
import type { Environment } from './interpolate.ts';
import { type Dict, type Pair, placeOf } from './node.ts';
import { fill, isIgnored } from './raw.ts';

export interface Setting {
  readonly modules: ReadonlyMap<string, Evaluated>;
  readonly env: Environment;
  readonly findings: Findings;
}

/** Which module is to have a service, as all files say together: later layers over earlier ones, null takes back. */
export function readAlternatives(layers: readonly Layer[], setting: Setting): Alternatives {
  const all = new Map<string, Pair>();
  for (const layer of layers) {
    for (const [service, pair] of pairsOf(layer, setting.findings)) {
      if (pair.value.kind === 'scalar' && pair.value.value === null) all.delete(service);
      else all.set(service, pair);
    }
  }
  const alternatives = new Map<string, string>();
  for (const [service, pair] of all) {
    const module = moduleIn(service, pair, setting);
    if (module !== null) alternatives.set(service, module);
  }
  return alternatives;
}

/** Of a main file and what it includes. */
function pairsOf({ units }: Layer, findings: Findings): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const { root } of units) {
    for (const [service, pair] of dictIn(root, findings)?.fields ?? []) {
      if (isIgnored(service)) continue;
      const first = pairs.get(service);
      if (first === undefined) pairs.set(service, pair);
      else findings.error(pair.key, 'duplicateAlternative', `${service} stands here and at ${placeOf(first)}`, 'remove one of them');
    }
  }
  return pairs;
}

function dictIn(root: Dict | null, findings: Findings): Dict | null {
  const pair = root?.fields.get('alternatives');
  if (pair === undefined || pair.value.kind === 'dict') return pair?.value.kind === 'dict' ? pair.value : null;
  findings.error(pair.key, 'wrongType', 'alternatives must be a map from services to modules');
  return null;
}

/** The module, if it is there and provides the service. */
function moduleIn(service: string, { key, value }: Pair, { modules, env, findings }: Setting): string | null {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') {
    findings.error(value.end > value.start ? value : key, 'wrongType', `alternatives.${service} must be the name of a module`);
    return null;
  }
  const name = fill(value, value.value, { env, findings });
  const providing = [...modules.values()].filter((module) => module.provides.includes(service)).map((module) => module.name);
  const hint =
    providing.length === 0 ? `add provides: [${service}] to the one that does` : `${service} is provided by ${providing.sort().join(', ')}`;
  const module = modules.get(name);
  const refuse = (code: string, found: string): null => {
    findings.error(value, code, `alternatives.${service} is "${name}", which ${found}`, didYouMean(name, providing) ?? hint);
    return null;
  };
  if (module === undefined) return refuse('unknownAlternative', 'is not declared');
  if (!module.provides.includes(service)) return refuse('badAlternative', `does not provide ${service}`);
  return module.disabled ? refuse('disabledAlternative', 'is disabled') : name;
}
