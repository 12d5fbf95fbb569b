import type { NotifySpec } from '../model/notify.ts';

/** Receivers by their key, in the order of the config. */
export type Receivers = ReadonlyMap<string, NotifySpec>;

/**
 * Who is meant by an entry that was edited: what waits for a receiver that is not in the config any more is for the one
 * that has taken its place. First the one at the same address, then at the same host, then at the same position. Pure.
 */
export function successorsOf(before: Receivers, after: Receivers): ReadonlyMap<string, string> {
  const [from, to] = [[...before.keys()], [...after.keys()]];
  const found = new Map<string, string>();
  const free = new Set(to.filter((key) => !before.has(key)));
  for (const likeness of likenesses) {
    for (const [position, key] of from.entries()) {
      if (after.has(key) || found.has(key)) continue;
      const isLike = (other: string): boolean => {
        const [one, two] = [before.get(key), after.get(other)];
        return one !== undefined && two !== undefined && likeness(one, two, position === to.indexOf(other));
      };
      const heir = [...free].find(isLike);
      if (heir === undefined) continue;
      found.set(key, heir);
      free.delete(heir);
    }
  }
  return found;
}

type Likeness = (one: NotifySpec, two: NotifySpec, samePosition: boolean) => boolean;

const likenesses: readonly Likeness[] = [
  (one, two, samePosition) => samePosition && isSame(addressOf(one), addressOf(two)),
  (one, two) => isSame(addressOf(one), addressOf(two)),
  (one, two, samePosition) => samePosition && isSame(hostOf(one), hostOf(two)),
  (one, two) => isSame(hostOf(one), hostOf(two)),
  (one, two, samePosition) => samePosition && (one.exec === undefined) === (two.exec === undefined),
];

function isSame(one: string | null, two: string | null): boolean {
  return one !== null && one === two;
}

function addressOf({ url, exec }: NotifySpec): string | null {
  if (exec !== undefined) return `exec ${exec[0]}`;
  return typeof url === 'object' ? `secret ${url.secret}` : (url ?? null);
}

function hostOf({ url }: NotifySpec): string | null {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).hostname : null;
}
