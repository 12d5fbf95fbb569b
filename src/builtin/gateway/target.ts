import type { IncomingMessage } from 'node:http';

/** What a request is for. */
export interface Target {
  /** In lower case, without port; empty where a request of HTTP/1.0 names none. */
  readonly domain: string;
  /** As the client named it, for URLs. */
  readonly authority: string;
  /** Without the query, without `.` and `..`. */
  readonly path: string;
  /** Path and query. */
  readonly url: string;
}

const mostHosts = 1024;
const domains = new Map<string, string | null>();

/** Null: it names nothing that can be served, and gets 400. */
export function readTarget(request: Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders'>): Target | null {
  const { url: written = '' } = request;
  if (hasTwoHosts(request.rawHeaders)) return null;
  if (written.startsWith('/')) return targetOf(request.headers.host ?? '', written);
  if (written === '*') return targetOf(request.headers.host ?? '', '/');
  // In absolute form, as it is sent to proxies, the URL says which host is meant.
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) return null;
  const { host, pathname, search, username, password } = new URL(written);
  return username === '' && password === '' ? targetOf(host, pathname + search) : null;
}

function targetOf(authority: string, written: string): Target | null {
  const domain = domainOf(authority);
  const isPlain = !suspect.test(written);
  if (domain === null || (!isPlain && ambiguous.test(written))) return null;
  const url = !isPlain && dotted.test(written) ? withoutDots(written) : written;
  const query = url.indexOf('?');
  return { domain, authority, path: query === -1 ? url : url.slice(0, query), url };
}

/** Nearly all have none of these. */
const suspect = /[%\\#]|\/\./;
/** What programs behind the gateway could take for another path than it did itself: NUL, backslashes, encoded separators around `..`. */
const ambiguous = /^[^?]*(?:%00|\\|#|(?:\.|%2e){2}(?:%2f|%5c)|(?:%2f|%5c)(?:\.|%2e){2})/i;
const dotted = /^[^?]*\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

function withoutDots(written: string): string {
  const { pathname, search } = new URL(`http://localhost${written}`);
  return pathname + search;
}

/** `Example.COM.:8080` -> `example.com`; null if it is no host. */
function domainOf(authority: string): string | null {
  const known = domains.get(authority);
  if (known !== undefined) return known;
  if (domains.size >= mostHosts) domains.clear();
  const match = /^(?:([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?|(\[[0-9a-f:.]+\]))(?::\d{1,5})?$/.exec(authority.toLowerCase());
  const domain = authority === '' ? '' : (match?.[1] ?? match?.[2] ?? null);
  domains.set(authority, domain);
  return domain;
}

/** Node takes the first; who stands before it may have taken the other. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') found += 1;
  }
  return found > 1;
}
