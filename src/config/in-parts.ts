import { declare } from './declare.ts';
import { domainOf } from './domain.ts';
import { asDict, type Evaluated, evaluateEntry, type Hosted, type Surroundings } from './entry.ts';
import { createFindings } from './findings.ts';
import { componentsKey, type Host, hostOf } from './hosts.ts';
import { digestOfHost, type Lessons, recall, type Seen, seenComponent, seenHost, seenModule } from './learned.ts';
import type { Located, Pair } from './node.ts';
import { isIgnored } from './raw.ts';
import type { Chunk, HostChunk, Split } from './split.ts';
import { parsePart } from './unit.ts';

export interface Reading {
  readonly file: string;
  readonly around: Surroundings;
  /** What was said under the same defaults. */
  readonly lessons: Lessons | undefined;
}

/** Of a chunk; undefined if it cannot be judged by itself, or anything is to be said of it; null if it is to be ignored. */
type Judged = Evaluated | null | undefined;

/** The entries of a file from its parts, those that were seen before as they were; null where it has to be read as a whole. */
export function evaluateParts({ modules, hosts }: Split, reading: Reading): ReadonlyMap<string, Evaluated> | null {
  const all = new Map<string, Evaluated>();
  const findings = createFindings();
  const take = (judged: Judged): boolean => {
    if (judged !== undefined && judged !== null) declare(judged.name, judged, all, findings);
    return judged !== undefined;
  };
  const read =
    modules.every((chunk) => take(recalled(seenModule(chunk), reading, () => judge(chunk, chunk.name, reading)))) &&
    hosts.every((host) => takeHost(host, reading, take));
  return read && findings.all.length === 0 ? all : null;
}

function takeHost(chunk: HostChunk, reading: Reading, take: (judged: Judged) => boolean): boolean {
  if (chunk.name === componentsKey) return false;
  if (isIgnored(chunk.name)) return parsePart(chunk.text, chunk.name, reading.file, chunk.line - 1) !== null;
  const { name, problem } = domainOf(chunk.name);
  if (problem !== null) return false;
  const digest = digestOfHost(chunk);
  const host = once(() => parseHost(chunk, name, reading));
  const itself = (): Judged => {
    const { pair, hosted } = host()?.itself ?? {};
    return pair && clean(reading, (around) => evaluateEntry(name, pair, around, hosted));
  };
  const component = (part: Chunk): Judged => {
    const { name: domain, problem: bad } = domainOf(part.name);
    const hosted = bad === null ? host()?.ofComponents : undefined;
    return hosted && judge(part, domain, reading, hosted);
  };
  return (
    take(recalled(seenHost(chunk, digest), reading, itself)) &&
    chunk.components.every((part) => take(recalled(seenComponent(part, digest), reading, () => component(part))))
  );
}

function recalled(seen: Seen, { lessons }: Reading, anew: () => Judged): Judged {
  const known = recall(lessons, seen);
  return known === undefined ? anew() : known;
}

function parseHost(chunk: HostChunk, name: string, { file, around }: Reading): Host | null {
  const { text, fields, name: written, line } = chunk;
  if (fields === null) {
    const pair = parsePart(text, written, file, line - 1);
    const value = pair === null ? null : asDict(pair.value);
    return pair === null || value === null ? null : hostOf(name, { key: pair.key, value }, around);
  }
  const start = text.length - text.trimStart().length;
  const key: Located = { source: { file, lines: [0], base: line - 1 }, start, end: start + written.length };
  const parsed = new Map<string, Pair>();
  for (const field of fields) {
    const pair = parsePart(field.text, field.name, file, field.line - 1);
    if (pair === null) return null;
    parsed.set(field.name, pair);
  }
  return hostOf(name, { key, value: { ...key, kind: 'dict', fields: parsed } }, around);
}

function judge({ name: written, text, line }: Chunk, name: string, reading: Reading, hosted?: Hosted): Judged {
  const pair = parsePart(text, written, reading.file, line - 1);
  if (pair === null) return undefined;
  if (isIgnored(written)) return null;
  return clean(reading, (around) => evaluateEntry(name, pair, around, hosted));
}

/** What is said where nothing is to be found. */
function clean({ around }: Reading, evaluate: (around: Surroundings) => Evaluated): Evaluated | undefined {
  const findings = createFindings();
  const evaluated = evaluate({ ...around, findings });
  return findings.all.length === 0 ? evaluated : undefined;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
