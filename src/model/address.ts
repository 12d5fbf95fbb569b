/** Where something listens; port 0 is any that is free. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** Whether nobody can listen at one of them while somebody does at the other, as far as they tell. */
export function overlap(one: Address, other: Address): boolean {
  if ('path' in one || 'path' in other) return 'path' in one && 'path' in other && one.path === other.path;
  if (one.port !== other.port || one.port === 0) return false;
  return one.host.toLowerCase() === other.host.toLowerCase() || covers(one.host, other.host) || covers(other.host, one.host);
}

/** All addresses of IPv6 are those of IPv4 too. */
function covers(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && /^\d+(?:\.\d+){3}$/.test(other));
}

export function addressText(at: Address): string {
  if ('path' in at) return `unix:${at.path}`;
  return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}
