/** From, inclusive, and to, exclusive. */
export type Range = readonly [from: number, to: number];
export type Ranges = Range[];

export interface Search {
  /** Where any of the forms stands in a text; of those that begin at one place the longest. They may overlap. */
  all(text: string): Ranges;
  /** Where a form begins that the end of the text cuts off, if so many characters of it are there; null: none does. */
  torn(text: string, least: number): number | null;
}

const slots = 1 << 16;

/** What stands where a text was cut off. */
const cutMark = '…';
/** Texts that are cut off are not longer. */
const longestCut = 16 * 1024;
/** A beginning that is shorter says little. */
const leastCut = 6;

/**
 * All forms are looked for at once (after Wu and Manber): the last two characters of a window, as long as the shortest form, say
 * how far it can be moved on; where they end one, the forms that begin like the window are compared.
 */
export function createSearch(forms: Iterable<string>): Search {
  const all = [...forms].sort((a, b) => b.length - a.length);
  const width = all.reduce((least, form) => Math.min(least, form.length), Number.POSITIVE_INFINITY);
  const longestMove = Math.min(width - 1, 255);
  const moves = new Uint8Array(slots).fill(longestMove);
  const beginning = byBeginning(all, width);
  const beginnings = new Map<number, ReadonlyMap<string, readonly string[]>>();
  /** The first place from `lowest` on at which a form begins of which the rest was cut off at `end`; null: there is none. */
  const beginOfCut = (text: string, end: number, least: number, lowest: number): number | null => {
    const known = beginnings.get(least) ?? byBeginning(all, least);
    beginnings.set(least, known);
    for (let from = Math.max(0, lowest); from <= end - least; from += 1) {
      const cut = known.get(text.slice(from, from + least));
      if (cut?.some((form) => form.length > end - from && form.startsWith(text.slice(from, end)))) return from;
    }
    return null;
  };
  for (const form of all) {
    for (let at = Math.max(1, width - 1 - longestMove); at < width; at += 1) {
      const slot = slotOf(form.charCodeAt(at - 1), form.charCodeAt(at));
      moves[slot] = Math.min(moves[slot] ?? 0, width - 1 - at);
    }
  }
  const allIn = (text: string): Ranges => {
    const ranges: Ranges = [];
    let last = width - 1;
    while (last < text.length) {
      const move = moves[slotOf(text.charCodeAt(last - 1), text.charCodeAt(last))] ?? 0;
      if (move > 0) {
        last += move;
        continue;
      }
      const from = last - width + 1;
      const form = beginning.get(text.slice(from, last + 1))?.find((one) => text.startsWith(one, from));
      if (form !== undefined) ranges.push([from, from + form.length]);
      last += 1;
    }
    for (let cut = text.indexOf(cutMark); cut !== -1; cut = text.indexOf(cutMark, cut + 1)) {
      const from = beginOfCut(text, cut, leastCut, cut - longestCut);
      if (from !== null) ranges.push([from, cut]);
    }
    return ranges;
  };
  return { all: allIn, torn: (text, least) => beginOfCut(text, text.length, least, text.length - (all[0]?.length ?? 0)) };
}

/** By so many characters that they begin with; the order stays. */
function byBeginning(forms: readonly string[], length: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const form of forms) {
    const head = form.slice(0, length);
    const same = found.get(head);
    if (same === undefined) found.set(head, [form]);
    else same.push(form);
  }
  return found;
}

function slotOf(first: number, second: number): number {
  return ((first << 7) ^ second) & (slots - 1);
}
