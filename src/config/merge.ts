import type { Dict, Node, Pair } from './node.ts';
import { typedSecret } from './raw.ts';

/** In these maps `null` is a value: it unsets a variable, or is data of the module. */
const dataKeys = new Set(['env', 'config']);

/** In these maps one key is the test, beside which there are settings: another test takes the place of the one below. */
const testKeys = new Set(['waitFor', 'ready', 'health']);
const testSettings = new Set(['timeout', 'interval', 'failures', 'onFailure']);

/**
 * `over` on top of `under`: maps merge key by key, everything else replaces, `null` removes what stands below it.
 * Where nothing stands below, `idle` says what becomes of the null: `keep` lets the schema judge it.
 */
export function mergeDicts(under: Dict, over: Dict, idle: 'keep' | 'drop', inData = false): Dict {
  const fields = new Map<string, Pair>(under.fields);
  for (const [name, pair] of over.fields) {
    const below = under.fields.get(name);
    const isNull = pair.value.kind === 'scalar' && pair.value.value === null;
    // Between files null removes; over defaults it is the value, where null is one.
    if (isNull && below !== undefined && !(inData && idle === 'keep')) fields.delete(name);
    else if (isNull && idle === 'drop' && !inData) continue;
    else if (below === undefined) fields.set(name, pair);
    else fields.set(name, { key: pair.key, value: mergeNodes(name, below.value, pair.value, idle, inData) });
  }
  const { source, start, end } = over;
  return { kind: 'dict', source, start, end, fields };
}

function mergeNodes(name: string, under: Node, over: Node, idle: 'keep' | 'drop', inData: boolean): Node {
  if (under.kind !== 'dict' || over.kind !== 'dict') return over;
  // The reference to a secret is one value, not a map to be mixed with another.
  if (inData && (typedSecret(under) ?? typedSecret(over)) !== null) return over;
  const below = testKeys.has(name) && !inData && testsIn(over).length > 0 ? withoutTests(under) : under;
  return mergeDicts(below, over, idle, inData || dataKeys.has(name));
}

function testsIn({ fields }: Dict): string[] {
  return [...fields].flatMap(([key, { value }]) =>
    testSettings.has(key) || (value.kind === 'scalar' && value.value === null) ? [] : [key],
  );
}

function withoutTests(dict: Dict): Dict {
  return { ...dict, fields: new Map([...dict.fields].filter(([key]) => testSettings.has(key))) };
}
