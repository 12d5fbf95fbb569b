import type { Position } from '../model/diagnostic.ts';

/** A text that was parsed: a file, or lines of one. */
export interface Source {
  readonly file: string;
  /** Offsets at which lines start, ascending, the first 0. */
  readonly lines: readonly number[];
  /** To add to a line of the text to get the line in the file. */
  readonly base: number;
}

/** From `start` up to, not including, `end`: offsets in the text. */
export interface Located {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface Scalar extends Located {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** A number or boolean as it was written. */
  readonly written: string;
}

export interface List extends Located {
  readonly kind: 'list';
  readonly items: readonly Node[];
}

export interface Dict extends Located {
  readonly kind: 'dict';
  readonly fields: ReadonlyMap<string, Pair>;
}

export interface Pair {
  readonly key: Located;
  readonly value: Node;
}

/** YAML as data with places: aliases and merge keys are resolved, keys are strings. */
export type Node = Scalar | List | Dict;

export interface Span extends Position {
  readonly endLine: number;
  readonly endColumn: number;
}

export function spanOf({ source, start, end }: Located): Span {
  const from = lineAndColumn(source, start);
  const to = lineAndColumn(source, Math.max(start, end));
  return { file: source.file, ...from, endLine: to.line, endColumn: to.column };
}

/** For messages about something else: `FILE:LINE`. */
export function placeOf({ key }: Pair): string {
  const { file, line } = spanOf(key);
  return `${file}:${line}`;
}

export function lineStarts(text: string): number[] {
  const lines = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  return lines;
}

/** What stands at a path of keys and indices; undefined if nothing does. */
export function nodeAt(node: Node | undefined, path: readonly PropertyKey[]): Node | undefined {
  let at = node;
  for (const key of path) {
    if (at?.kind === 'dict') at = at.fields.get(String(key))?.value;
    else if (at?.kind === 'list') at = at.items[Number(key)];
    else return undefined;
  }
  return at;
}

/** The best place for a finding about the value at a path: the value, else its key, else the nearest thing around it. */
export function placeAt(node: Node, key: Located, path: readonly PropertyKey[]): Located {
  let at: Node = node;
  let place: Located = at.end > at.start ? at : key;
  for (const step of path) {
    if (at.kind === 'scalar') break;
    const pair: Pair | undefined = at.kind === 'dict' ? at.fields.get(String(step)) : undefined;
    const next: Node | undefined = at.kind === 'dict' ? pair?.value : at.items[Number(step)];
    if (next === undefined) break;
    at = next;
    place = next.end > next.start ? next : (pair?.key ?? next);
  }
  return place;
}

function lineAndColumn({ lines, base }: Source, offset: number): { line: number; column: number } {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1 + base, column: offset - (lines[low] ?? 0) + 1 };
}
