import { globMatches, isGlob } from '../model/glob.ts';

/** Topics whose answer is remembered; there are mostly few, but whoever publishes makes them up. */
const remembered = 4096;

/** Longer globs, and more of one subscriber, are left out: each published event would pay for them. */
const longestGlob = 512;
const mostGlobs = 10_000;

/** Says quickly whether one of some globs matches a topic. */
export interface Globs {
  readonly all: readonly string[];
  match(topic: string): boolean;
}

export function createGlobs(globs: Iterable<string>): Globs {
  const all = [...new Set(globs)].filter((glob) => glob.length <= longestGlob).slice(0, mostGlobs);
  const exact = new Set(all.filter((glob) => !isGlob(glob)));
  const patterns = all.filter(isGlob);
  const known = new Map<string, boolean>();
  return {
    all,
    match(topic) {
      if (exact.has(topic)) return true;
      if (patterns.length === 0) return false;
      let matches = known.get(topic);
      if (matches === undefined) {
        matches = patterns.some((pattern) => globMatches(pattern, topic));
        if (known.size >= remembered) known.clear();
        known.set(topic, matches);
      }
      return matches;
    },
  };
}
