import { formsOf } from './forms.ts';
import { createSearch, type Ranges, type Search } from './search.ts';
import { decoded, mostLevels, sourceOf, type View, withoutCutEscape } from './views.ts';

/** Takes the values of secrets out of a text. The same text comes back where there is none in it. */
export type Mask = (text: string) => string;

/** Takes them out of one text that comes in parts, also those of which each of two parts has a half. */
export interface PartsMask {
  /** What can be shown once this part is there; what may be the beginning of a secret waits for the next. */
  next(part: string, isLast: boolean): string;
  /** Whether something waits. */
  readonly waits: boolean;
}

export interface Masking {
  readonly mask: Mask;
  /** `before`: what stood before the first part and is not shown. */
  inParts(before?: string): PartsMask;
}

const hidden = '***';
/** Of a secret that is torn so many characters may be shown, for any text may end with one; the others are not. */
const leastTorn = 3;
/** In which these, escaped, stand. */
const context = 64;

/**
 * Takes secrets out of text, as they are, as `formsOf` says, and escaped in any way that `views.ts` reads. Takes a time that grows
 * with the text, not with the number of secrets. `secrets` is asked anew each time; the work is kept for as long as it answers
 * the same.
 */
export function createMasking(secrets: () => readonly string[]): Masking {
  let known: readonly string[] = [];
  let forms = new Map<string, readonly string[]>();
  let search: Search | null = null;

  /** What was made of a secret that is still there is used again. */
  const learn = (current: readonly string[]): void => {
    const next = new Map<string, readonly string[]>();
    for (const secret of current) if (!next.has(secret)) next.set(secret, forms.get(secret) ?? formsOf(secret));
    forms = next;
    const all = new Set([...next.values()].flat());
    search = all.size === 0 ? null : createSearch(all);
  };
  const current = (): Search | null => {
    const now = secrets();
    if (now !== known) {
      if (now.length !== known.length || now.some((secret, index) => secret !== known[index])) learn(now);
      known = now;
    }
    return search;
  };

  return {
    mask(text) {
      const now = current();
      return now === null ? text : replaced(text, found(text, now));
    },
    inParts(before = '') {
      let shown = before.slice(-context);
      let held = '';
      return {
        next(part, isLast) {
          const now = current();
          const text = shown + held + part;
          const ranges = now === null ? [] : found(text, now);
          const end = now === null || isLast ? text.length : Math.max(shown.length, wholeUntil(text, ranges, now));
          const told = replaced(text.slice(0, end), ranges, shown.length);
          held = text.slice(end);
          shown = text.slice(0, end).slice(-context);
          return told;
        },
        get waits() {
          return held !== '';
        },
      };
    },
  };
}

export function createMask(secrets: () => readonly string[]): Mask {
  return createMasking(secrets).mask;
}

/** Also in what the text reads as once it is unescaped, and unescaped again. */
function found(text: string, search: Search): Ranges {
  const ranges = search.all(text);
  for (const views of readingsOf(text)) {
    for (const range of search.all(views.at(-1)?.text ?? '')) ranges.push(originOf(views, range));
  }
  return ranges;
}

/** Before what may be the beginning of a secret, and before a secret that such a beginning cuts. */
function wholeUntil(text: string, ranges: Ranges, search: Search): number {
  let end = text.length;
  for (const views of [[], ...readingsOf(text)]) {
    const read = views.at(-1)?.text ?? text;
    for (const one of new Set([read, withoutCutEscape(read)])) {
      const from = search.torn(one, leastTorn);
      if (from !== null) end = Math.min(end, originOf(views, [from, from + 1])[0]);
    }
  }
  for (const [from, to] of ranges.sort(([a], [b]) => b - a)) if (from < end && to > end) end = from;
  return end;
}

/** What a text reads as, unescaped once, twice and so on: by what views of one another. */
function readingsOf(text: string): View[][] {
  const all: View[][] = [];
  for (let read = text, views: View[] = []; views.length < mostLevels; ) {
    const view = decoded(read);
    if (view === null) break;
    views = [...views, view];
    all.push(views);
    read = view.text;
  }
  return all;
}

function originOf(views: readonly View[], range: Ranges[number]): Ranges[number] {
  return views.reduceRight((inner, outer) => sourceOf(outer, inner), range);
}

/** From some place on; what overlaps or touches becomes one. */
function replaced(text: string, ranges: Ranges, begin = 0): string {
  if (ranges.length === 0) return begin === 0 ? text : text.slice(begin);
  ranges.sort(([a], [b]) => a - b);
  let shown = '';
  let end = begin;
  let isFirst = true;
  for (const [from, to] of ranges) {
    if (Math.min(to, text.length) <= begin || from >= text.length) continue;
    if (from > end || isFirst) shown += text.slice(end, from) + hidden;
    isFirst = false;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}
