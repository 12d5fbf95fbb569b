import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type YAMLMap } from 'yaml';
import type { Findings } from './findings.ts';
import { type Dict, type Located, type Node, type Pair, type Scalar, type Source, spanOf } from './node.ts';

/** How far aliases may blow a file up, in values. */
const mostByAliases = 1_000_000;
const deepest = 100;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

interface Pass {
  readonly source: Source;
  readonly findings: Findings;
  /** Null while the anchored value is being converted. */
  readonly anchors: Map<string, Node | null>;
  /** Count of values in a node, each alias counted in full. */
  readonly sizes: WeakMap<Node, number>;
  byAliases: number;
  anchored: boolean;
  failed: boolean;
}

/** A parsed document as data with places; null if it cannot be used. */
export function convert(document: Document.Parsed, source: Source, findings: Findings): { root: Dict; anchored: boolean } | null {
  const pass: Pass = { source, findings, anchors: new Map(), sizes: new WeakMap(), byAliases: 0, anchored: false, failed: false };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    findings.error(
      { source, start: 0, end: 0 },
      'emptyFile',
      'the file declares nothing',
      'for a config without modules write modules: {}',
    );
    return null;
  }
  const root = convertNode(document.contents, pass, 0);
  if (root.kind !== 'dict' && !pass.failed) fail(pass, root, 'wrongType', 'a config is a map of keys such as modules:');
  return pass.failed || root.kind !== 'dict' ? null : { root, anchored: pass.anchored };
}

function convertNode(node: unknown, pass: Pass, depth: number): Node {
  if (isAlias(node)) return convertAlias(node, pass);
  const anchor = (node as { anchor?: string } | null)?.anchor;
  if (anchor !== undefined) {
    pass.anchored = true;
    pass.anchors.set(anchor, null);
  }
  const converted = convertContent(node, pass, depth);
  if (anchor !== undefined) pass.anchors.set(anchor, converted);
  return converted;
}

function convertContent(node: unknown, pass: Pass, depth: number): Node {
  const at = located(node, pass);
  if (depth > deepest) {
    fail(pass, at, 'tooDeep', `nested more than ${deepest} deep`);
    return nothing(at);
  }
  if (isMap(node)) return convertMap(node, at, pass, depth);
  if (isSeq(node)) {
    const items = node.items.map((item) => convertNode(isPair(item) ? null : item, pass, depth + 1));
    return sized({ kind: 'list', ...at, items }, items, pass);
  }
  return isScalar(node) ? convertScalar(node, at, pass) : nothing(at);
}

function convertScalar({ value, source }: { value: unknown; source?: string }, at: Located, pass: Pass): Scalar {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    fail(pass, at, 'nonFinite', `${source ?? value} is no finite number`, 'quote it if it is text');
  }
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', ...at, value: plain, written: source ?? String(value) };
}

function convertMap(map: YAMLMap, at: Located, pass: Pass, depth: number): Dict {
  const own = new Map<string, Pair>();
  const merged: { at: Located; value: Node }[] = [];
  for (const { key, value } of map.items) {
    const place = located(key, pass);
    if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') {
      merged.push({ at: place, value: convertNode(value, pass, depth + 1) });
      continue;
    }
    const name = keyOf(key, place, pass);
    // Converted also if the key is bad: all that is wrong is reported.
    const converted = convertNode(value, pass, depth + 1);
    const first = name === null ? undefined : own.get(name);
    if (first !== undefined) duplicate(name ?? '', first.key, place, pass);
    else if (name !== null) own.set(name, { key: place, value: converted });
  }
  const fields = merged.length === 0 ? own : withMerged(own, merged, pass);
  return sized(
    { kind: 'dict', ...at, fields },
    [...fields.values()].map((pair) => pair.value),
    pass,
  );
}

function keyOf(key: unknown, at: Located, pass: Pass): string | null {
  if (isScalar(key) && key.anchor !== undefined) pass.anchored = true;
  if (isScalar(key) && typeof key.value === 'string') {
    if (!forbidden.has(key.value)) return key.value;
    pass.findings.error(at, 'reservedKey', `the key "${key.value}" is reserved`);
    return null;
  }
  const hint = isScalar(key) && key.value !== null ? `write "${key.source ?? key.value}"` : undefined;
  pass.findings.error(at, 'nonStringKey', 'a key must be text', hint);
  return null;
}

function duplicate(name: string, first: Located, second: Located, pass: Pass): void {
  const { file, line } = spanOf(first);
  pass.findings.error(second, 'duplicateKey', `"${name}" stands here and at ${file}:${line}`, 'remove one of them');
}

/** Own keys win over merged ones, earlier merged ones over later ones. */
function withMerged(own: Map<string, Pair>, merged: readonly { at: Located; value: Node }[], pass: Pass): Map<string, Pair> {
  const fields = new Map(own);
  for (const { at, value } of merged) {
    for (const map of value.kind === 'list' ? value.items : [value]) {
      if (map.kind !== 'dict') fail(pass, at, 'badMergeKey', '<< takes a map, or a list of maps');
      else for (const [name, pair] of map.fields) if (!fields.has(name)) fields.set(name, pair);
    }
  }
  return fields;
}

function convertAlias(alias: { source: string }, pass: Pass): Node {
  const at = located(alias, pass);
  pass.anchored = true;
  const target = pass.anchors.get(alias.source);
  if (target === undefined) fail(pass, at, 'badAlias', `nothing above is anchored as &${alias.source}`);
  if (target === null) fail(pass, at, 'badAlias', `*${alias.source} contains itself`);
  if (target === undefined || target === null) return nothing(at);
  const size = pass.sizes.get(target) ?? 1;
  const before = pass.byAliases;
  pass.byAliases += size;
  if (pass.byAliases > mostByAliases && before <= mostByAliases) {
    fail(pass, at, 'aliasBomb', `aliases blow this file up to more than ${mostByAliases} values`);
  }
  // Once it is too much nothing is built of it any more.
  return pass.byAliases > mostByAliases ? nothing(at) : target;
}

function sized<T extends Node>(node: T, children: readonly Node[], pass: Pass): T {
  pass.sizes.set(
    node,
    children.reduce((sum, child) => sum + (pass.sizes.get(child) ?? 1), 1),
  );
  return node;
}

function located(node: unknown, { source }: Pass): Located {
  const [start, end] = (node as { range?: readonly [number, number, number] | null } | null)?.range ?? [0, 0];
  return { source, start, end };
}

function nothing({ source, start, end }: Located): Scalar {
  return { kind: 'scalar', source, start, end, value: null, written: '' };
}

/** For what leaves data that does not say what was meant. After a bad key the rest can still be judged, and is. */
function fail(pass: Pass, at: Located, code: string, message: string, hint?: string): void {
  pass.failed = true;
  pass.findings.error(at, code, message, hint);
}
