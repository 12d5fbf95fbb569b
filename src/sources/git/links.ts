const mostHops = 40;

/**
 * Of the symbolic links in a tree one that leads out of it, or null. Followed as the system does, but only through what the
 * tree has: whether something is there does not matter, for tomorrow it may be.
 */
export function escapingLink(links: ReadonlyMap<string, string>): string | null {
  for (const [path, target] of links) if (!staysInside(path, target, links)) return path;
  return null;
}

function staysInside(path: string, target: string, links: ReadonlyMap<string, string>): boolean {
  if (target.startsWith('/')) return false;
  const at = path.split('/').slice(0, -1);
  const left = target.split('/');
  for (let hops = 0; left.length > 0; ) {
    const word = left.shift() ?? '';
    if (word === '' || word === '.') continue;
    if (word === '..') {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(word);
    const next = links.get(at.join('/'));
    if (next === undefined) continue;
    hops += 1;
    // A circle leads nowhere.
    if (hops > mostHops) return true;
    if (next.startsWith('/')) return false;
    at.pop();
    left.unshift(...next.split('/'));
  }
  return true;
}
