import type { LogRecord } from '../model/documents.ts';

/** What was shown of logs lately, so that it is not shown again when another daemon is asked for the same. */
export interface Overlap {
  /** Those that were not shown yet; they count as shown. */
  fresh(records: readonly LogRecord[]): LogRecord[];
  /** What comes from now on may have been shown. Returns how much there is to ask for, ms before now. */
  again(): number;
}

/** The time of a line is known only about: while it is followed it is a little later than it is read afterwards. */
const marginMs = 2000;
const mostRemembered = 20_000;

export function createOverlap(now: () => number): Overlap {
  const began = now();
  let shown: { readonly key: string; readonly name: string; readonly at: number }[] = [];
  let last = began;
  /** What is younger was not shown before. */
  let until = began;
  /** How many of each are to be passed over. */
  const expected = new Map<string, number>();
  /** Logs of which nothing that was shown has come again: what comes lies before the first line that was asked for. */
  const waits = new Set<string>();

  function isFresh({ name, at, stream, text }: LogRecord): boolean {
    const key = [name, stream, text].join('\0');
    if (at !== null && Date.parse(at) > until) {
      expected.clear();
      waits.clear();
    }
    const left = expected.get(key) ?? 0;
    if (left > 1) expected.set(key, left - 1);
    else expected.delete(key);
    if (left > 0) waits.delete(name);
    if (left > 0 || waits.has(name)) return false;
    if (at !== null) last = Math.max(last, Date.parse(at));
    shown.push({ key, name, at: at === null ? last : Date.parse(at) });
    return true;
  }

  return {
    fresh(records) {
      const found = records.filter(isFresh);
      if (shown.length > mostRemembered) shown = shown.slice(-mostRemembered / 2);
      return found;
    },
    again() {
      const from = Math.max(began, last - marginMs);
      until = last;
      expected.clear();
      waits.clear();
      for (const { key, name, at } of shown) {
        if (at < from) continue;
        expected.set(key, (expected.get(key) ?? 0) + 1);
        waits.add(name);
      }
      return now() - from;
    },
  };
}
