import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { formatFor } from './accept.ts';
import { daemonFamilies } from './daemon-families.ts';
import { contentTypes, exposition } from './exposition.ts';
import { notReady, statusByHost } from './health.ts';
import { moduleFamilies } from './module-families.ts';
import type { Settings } from './settings.ts';
import type { Source } from './source.ts';

/** A request, as far as it matters here. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of who asks. */
  readonly address: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Answer = (asked: Asked) => Promise<Answered>;

/** At most so many are being answered at a time. */
const most = 32;

export function createAnswer({ source, settings }: { source: Source; settings(): Settings }): Answer {
  let busy = 0;

  const pages: Readonly<Record<string, (headers: IncomingHttpHeaders) => Promise<Answered>>> = {
    async '/metrics'({ accept }) {
      const all = await source.everything();
      const format = formatFor(accept);
      const body = exposition([...daemonFamilies(all), ...moduleFamilies(all)], format);
      return { status: 200, headers: { 'content-type': contentTypes[format], vary: 'accept' }, body };
    },
    async '/healthz'() {
      await source.ping();
      return text(200, 'ok');
    },
    async '/readyz'() {
      const reasons = notReady(await source.status());
      return reasons.length === 0 ? text(200, 'ok') : text(503, reasons.join('\n'));
    },
    async '/status'() {
      const [status, figures] = await Promise.all([source.status(), source.figures()]);
      const body = `${JSON.stringify(statusByHost(status, figures), null, 2)}\n`;
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    },
  };

  return async ({ method, url, headers, address }) => {
    const { allows, token, prefix } = settings();
    if (!allows(address)) return text(403, `${address} may not ask here: config.allow of this module does not name it`);
    if (token !== null && !shows(headers.authorization, token)) {
      return text(401, 'a token is wanted: Authorization: Bearer TOKEN', { 'www-authenticate': 'Bearer realm="muster"' });
    }
    const path = url.split('?', 1)[0] ?? '';
    const page = path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : '';
    if (!Object.hasOwn(pages, page)) {
      const there = Object.keys(pages).map((name) => `${prefix}${name}`);
      return text(404, `nothing is here; there are ${there.join(', ')}`);
    }
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD are taken here', { allow: 'GET, HEAD' });
    if (busy >= most) return text(503, `${most} requests are being answered already; try again`, { 'retry-after': '1' });
    busy += 1;
    try {
      return await (pages[page] as (typeof pages)[string])(headers);
    } catch (error) {
      return text(503, `the daemon does not answer: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      busy -= 1;
    }
  };
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answered {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${body}\n` };
}

/** Takes the same time whatever is shown. */
function shows(authorization: string | undefined, token: string): boolean {
  const shown = /^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digestOf(shown), digestOf(token));
}

function digestOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
