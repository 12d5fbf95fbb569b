import { isUtf8 } from 'node:buffer';
import { patternProblem } from '../../model/pattern.ts';
import type { Clock } from '../../model/ports.ts';
import { wholeCharacters } from '../logs/characters.ts';
import type { OutputStream } from '../logs/writer.ts';
import { createTimeLimit, type TimeLimit } from './time-limit.ts';

/** A rule of `log.transform`: what matches is replaced as `String.replace` does, with `$1` and the like. */
export type TransformRule = readonly [pattern: string, replacement: string];

/** What comes out; `withheld` bytes of what went in are left out, for nobody knows what is in them. */
export interface Transformed {
  readonly bytes: Uint8Array;
  readonly withheld: number;
}

/** Rewrites output line by line, before anybody else sees it. */
export interface Transform {
  push(stream: OutputStream, chunk: Uint8Array): Transformed;
  /** What was held because its line had no end; nothing more comes of it. */
  flush(stream: OutputStream): Transformed;
  /** One line of text; nothing of it where that took too long. */
  text(line: string): string;
  update(rules: readonly TransformRule[]): void;
}

/** A line is held until it is complete, so that no match is torn; what is longer goes on in parts. */
const longestLine = 64 * 1024;
/** Of such a part so much is held for the next, in which a match may end that begins here. */
const overlap = 4096;
/** All lines of one chunk may take this long; then they are left out, and all that comes for a while. */
const limitMs = 60;
const pauseMs = 3000;
const lineFeed = 10;
const empty = Buffer.alloc(0);
const nothing: Transformed = { bytes: empty, withheld: 0 };

interface Rule {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** Bytes that are no text are read one by one: what is sought among them is so too, and none of them changes by being read. */
interface Rules extends Readonly<Record<'utf8' | 'latin1', readonly Rule[]>> {
  readonly rewrite: ((line: string) => string) | undefined;
}

interface Line {
  /** The beginning of a line whose end has not come. */
  held: Buffer;
  /** The line in which we are was left out from some place on; so is what follows of it. */
  torn: boolean;
}

let shared: TimeLimit | null = null;

/** Its room is made when the first rule is there. */
function limitedInTime(): TimeLimit {
  shared ??= createTimeLimit(limitMs);
  return shared;
}

const unlimited: TimeLimit = (work) => ({ done: work() });

/** `rewrite` gets each line after the rules; it is the caller's own, and may take its time. */
export function createTransform(initial: readonly TransformRule[], clock: Clock, rewrite?: (line: string) => string): Transform {
  const lines: Record<OutputStream, Line> = { stdout: { held: empty, torn: false }, stderr: { held: empty, torn: false } };
  let rules = compile(initial, rewrite);
  let blindUntil = 0;

  return {
    push(stream, chunk) {
      const line = lines[stream];
      if (rules === null) {
        const bytes = line.held.length === 0 ? chunk : Buffer.concat([line.held, chunk]);
        line.held = empty;
        return { bytes, withheld: 0 };
      }
      const skipped = line.torn ? chunk.indexOf(lineFeed) + 1 || chunk.length : 0;
      if (skipped > 0) line.torn = chunk[skipped - 1] !== lineFeed;
      const all = Buffer.concat([line.held, chunk.subarray(skipped)]);
      line.held = empty;
      const { bytes, withheld } = all.length === 0 ? nothing : whole(line, all, rules);
      return { bytes, withheld: withheld + skipped };
    },
    flush(stream) {
      const line = lines[stream];
      const rest = line.held;
      line.held = empty;
      if (rest.length === 0) return nothing;
      const known = rules;
      return known === null ? { bytes: rest, withheld: 0 } : guarded(line, rest, () => inLines(rest, known));
    },
    text(line) {
      const known = rules;
      if (known === null) return line;
      const { bytes } = guarded({ held: empty, torn: false }, Buffer.from(line), () => inLines(Buffer.from(line), known));
      return Buffer.from(bytes).toString();
    },
    update(next) {
      rules = compile(next, rewrite);
      blindUntil = 0;
    },
  };

  /** What can be said of now; the rest is held. */
  function whole(line: Line, all: Buffer, known: Rules): Transformed {
    const end = all.lastIndexOf(lineFeed) + 1;
    let held = all.subarray(end);
    const made = guarded(line, all, () => {
      const cut = held.length > longestLine ? end + cutOf(held, known) : end;
      held = all.subarray(cut);
      return cut === 0 ? empty : inLines(all.subarray(0, cut), known);
    });
    if (made.withheld === 0) line.held = held;
    return made;
  }

  function guarded(line: Line, bytes: Buffer, work: () => Uint8Array): Transformed {
    const limited = rewrite === undefined ? limitedInTime() : unlimited;
    const made = clock.now() < blindUntil ? null : limited(work);
    if (made !== null) return { bytes: made.done, withheld: 0 };
    if (clock.now() >= blindUntil) blindUntil = clock.now() + pauseMs;
    line.torn = bytes.at(-1) !== lineFeed;
    return { bytes: empty, withheld: bytes.length };
  }
}

/** Null: there are none. */
function compile(rules: readonly TransformRule[], rewrite: Rules['rewrite']): Rules | null {
  const rule = (pattern: string, replacement: string): Rule => ({ pattern: new RegExp(pattern, 'g'), replacement });
  if (rules.length === 0 && rewrite === undefined) return null;
  return {
    rewrite,
    utf8: rules.map(([pattern, replacement]) => rule(pattern, replacement)),
    latin1: rules.map(([pattern, replacement]) =>
      rule(patternProblem(bytewise(pattern)) === null ? bytewise(pattern) : pattern, bytewise(replacement)),
    ),
  };
}

function bytewise(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Every line by itself, its end not among what the rules see. A line that stays as it is stays so byte for byte. */
function inLines(bytes: Buffer, rules: Rules): Uint8Array {
  const parts: Uint8Array[] = [];
  let clean = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    const stop = end === -1 ? bytes.length : end;
    const encoding = isUtf8(bytes.subarray(start, stop)) ? 'utf8' : 'latin1';
    const line = bytes.toString(encoding, start, stop);
    const ruled = rules[encoding].reduce((text, { pattern, replacement }) => text.replace(pattern, replacement), line);
    const made = rules.rewrite?.(encoding === 'utf8' ? ruled : Buffer.from(ruled, encoding).toString()) ?? ruled;
    if (made !== line) {
      parts.push(bytes.subarray(clean, start), Buffer.from(made, rules.rewrite === undefined ? encoding : 'utf8'));
      clean = stop;
    }
    start = stop + 1;
  }
  if (clean === 0) return bytes;
  parts.push(bytes.subarray(clean));
  return Buffer.concat(parts);
}

/** Where a line that is too long is cut so that no match is torn, unless it is longer than half of the part. */
function cutOf(line: Buffer, rules: Rules): number {
  const whole = line.subarray(0, wholeCharacters(line));
  const encoding = isUtf8(whole) ? 'utf8' : 'latin1';
  const text = whole.toString(encoding);
  const cut = rules[encoding].reduce(
    (place, { pattern }) => outsideOf(text.matchAll(pattern), place, text.length / 2),
    text.length - overlap,
  );
  const between = /[\uD800-\uDBFF]/.test(text.charAt(cut - 1)) ? cut - 1 : cut;
  return Buffer.byteLength(text.slice(0, between), encoding);
}

/** The place, or where the match in which it lies begins, or ends if it begins before `earliest`. */
function outsideOf(matches: Iterable<RegExpExecArray>, place: number, earliest: number): number {
  for (const { index, 0: match } of matches) {
    const end = index + match.length;
    if (index >= place) return place;
    if (end > place) return index > earliest ? index : end;
  }
  return place;
}
