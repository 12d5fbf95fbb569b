import { globMatches, isGlob } from '../model/glob.ts';

/** Topics whose answer is remembered; there are mostly few, but whoever publishes makes them up. */
const remembered = 4096;

/** Longer globs, and what of one subscriber is more than so many characters, are left out: each new topic pays for them. */
const longestGlob = 256;
const mostCharacters = 1_000_000;

/** Says quickly whether one of some globs matches a topic. */
export interface Globs {
  readonly all: readonly string[];
  match(topic: string): boolean;
}

export function createGlobs(globs: Iterable<string>): Globs {
  let room = mostCharacters;
  const all = [...new Set(globs)].filter((glob) => {
    if (glob.length <= longestGlob) room -= glob.length;
    return glob.length <= longestGlob && room >= 0;
  });
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
