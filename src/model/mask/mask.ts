import { formsOf } from './forms.ts';
import { createSearch, type Ranges, type Search } from './search.ts';
import { decoded, mostLevels, sourceOf, type View } from './views.ts';

/** Takes the values of secrets out of a text. The same text comes back where there is none in it. */
export type Mask = (text: string) => string;

const hidden = '***';

/**
 * Takes secrets out of text, as they are, as `formsOf` says, and escaped in any way that `views.ts` reads. Takes a time that grows
 * with the text, not with the number of secrets. `secrets` is asked anew each time; the work is kept for as long as it answers
 * the same.
 */
export function createMask(secrets: () => readonly string[]): Mask {
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

  return (text) => {
    const current = secrets();
    if (current !== known) {
      if (current.length !== known.length || current.some((secret, index) => secret !== known[index])) learn(current);
      known = current;
    }
    return search === null ? text : replaced(text, found(text, search));
  };
}

/** Also in what the text reads as once it is unescaped, and unescaped again. */
function found(text: string, search: Search): Ranges {
  const ranges = search(text);
  const views: View[] = [];
  let read = text;
  while (views.length < mostLevels) {
    const view = decoded(read);
    if (view === null) break;
    views.push(view);
    for (const range of search(view.text)) ranges.push(views.reduceRight((inner, outer) => sourceOf(outer, inner), range));
    read = view.text;
  }
  return ranges;
}

/** What overlaps or touches becomes one. */
function replaced(text: string, ranges: Ranges): string {
  if (ranges.length === 0) return text;
  ranges.sort(([a], [b]) => a - b);
  let shown = '';
  let end = 0;
  for (const [from, to] of ranges) {
    if (from > end || end === 0) shown += text.slice(end, from) + hidden;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}
