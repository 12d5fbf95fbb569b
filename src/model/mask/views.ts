import type { Range } from './search.ts';

/** A text unescaped once. */
export interface View {
  readonly text: string;
  /** What was unescaped, in order: where it stands in `text` and how long, and the same of where it came from. */
  readonly pieces: readonly Piece[];
}

type Piece = readonly [at: number, length: number, from: number, size: number];

/** JSON in JSON in a URL; nobody reads deeper. */
export const mostLevels = 4;

/**
 * Escapes of JSON, JavaScript, shells and markdown; of URLs, a run at a time, for its bytes may be one character; of HTML. A
 * backslash before one of the others waits for the next time, so that the order in which they were made does not matter. One that is
 * cut off says nothing.
 */
const escapes =
  /\\(?!%[\da-f]{2}|&(?:#\w{1,7}|amp|lt|gt|quot|apos|nbsp);|(?:u[\da-f]{0,3}|x[\da-f]?)?…)(?:u([\da-f]{4})|x([\da-f]{2})|([\s\S]))|(?:%[\da-f]{2})+|&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));|(?:\\(?:u[\da-f]{0,3}|x[\da-f]?)?|%[\da-f]?|&[#\w]{0,7})(?=…)/gi;
const hasEscape = /[\\%&]/;
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0' };
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** The text with its escapes undone; null if it has none. */
export function decoded(text: string): View | null {
  if (!hasEscape.test(text)) return null;
  const pieces: Piece[] = [];
  let shorter = 0;
  const read = text.replace(escapes, (...match) => {
    const written = match[0] as string;
    const plain = plainOf(match as (string | undefined)[]);
    const from = match.at(-2) as number;
    pieces.push([from - shorter, plain.length, from, written.length]);
    shorter += written.length - plain.length;
    return plain;
  });
  return pieces.length === 0 ? null : { text: read, pieces };
}

/** Without an escape at its end that says nothing yet, be it the first byte of a character. */
export function withoutCutEscape(text: string): string {
  const end = text.slice(-longestEscape);
  return (
    text.slice(0, -longestEscape) +
    end.replace(/\ufffd{0,3}(?:%[89a-f][\da-f]){0,3}(?:\\+(?:u[\da-f]{0,3}|x[\da-f]?)?|%[\da-f]?|&[#\w]{0,7})?$/i, '')
  );
}

/** One within others: `\\\\\\\\u0070`. */
const longestEscape = 64;

/** The text with its escapes undone once, twice and so on; without an escape that is cut off at the end. */
export function readings(text: string): string[] {
  const read = [text];
  for (let level = 0; level < mostLevels; level += 1) {
    const next = decoded(read[level] ?? '');
    if (next === null) break;
    read.push(next.text);
  }
  return read.map((one) => one.replace(/(?:\\+|%[\da-f]?|&[#\w]{0,7})$/i, ''));
}

/** Where a range of a view comes from; what stands for several characters is taken whole. */
export function sourceOf({ pieces }: View, [from, to]: Range): Range {
  return [placeOf(pieces, from, false), placeOf(pieces, to - 1, true)];
}

/** Where the character at `at` begins, or (`after`) ends. */
function placeOf(pieces: readonly Piece[], at: number, after: boolean): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.[0] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const before = pieces[low - 1];
  if (before === undefined) return after ? at + 1 : at;
  const [start, length, from, size] = before;
  if (at < start + length) return after ? from + size : from;
  return from + size + at - (start + length) + (after ? 1 : 0);
}

function plainOf([written = '', unicode, byte, char, decimal, hex, entity]: (string | undefined)[]): string {
  if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode, 16));
  if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
  if (char !== undefined) return controls[char] ?? char;
  if (decimal !== undefined) return codePoint(Number(decimal));
  if (hex !== undefined) return codePoint(Number.parseInt(hex, 16));
  if (entity !== undefined) return entities[entity.toLowerCase()] ?? '';
  return /^%[\da-f]{2}/i.test(written) ? Buffer.from(written.replaceAll('%', ''), 'hex').toString() : '';
}

function codePoint(code: number): string {
  return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
}
