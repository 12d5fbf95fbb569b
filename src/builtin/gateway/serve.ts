import { MusterError } from '../../model/error.ts';
import { bodyOf, hasBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { toRequest } from './fetch.ts';
import { forwarded, type Trust } from './headers.ts';
import type { Live } from './live.ts';
import { reply } from './reply.ts';
import type { Target } from './target.ts';

/** What a component handles: whole messages, `Request` and `Response`, or what Node's server hands out. */
export const styles = ['request', 'fetch', 'node'] as const;
export type Style = (typeof styles)[number];

/** Resolves when the component has said its part; rejects, or throws, with what it failed with. */
export function serve(live: Live, exchange: Exchange, target: Target, trusts: Trust): Promise<unknown> {
  const { request, response, mount } = exchange;
  const headers = forwarded(request, target.authority, trusts);
  live.style ??= styleOf(live);
  switch (live.style) {
    case 'request': {
      const { method } = request;
      const { url } = target;
      if (!hasBody(request)) return answered(live, exchange, { method, url, headers, body: null, mount });
      return bodyOf(request).then((body) => answered(live, exchange, { method, url, headers, body, mount }));
    }
    case 'fetch':
      return answered(live, exchange, toRequest(exchange, target, headers));
    case 'node':
      request.url = target.url;
      exchange.call = live.loaded.call('node', { request, response, mount });
      return exchange.call.answer;
  }
}

function answered(live: Live, exchange: Exchange, payload: unknown): Promise<unknown> {
  exchange.call = live.loaded.call<unknown>(live.style as Style, payload);
  return exchange.call.answer.then((result) => {
    exchange.call = null;
    return reply(exchange, result);
  });
}

function styleOf({ loaded }: Live): Style {
  const style = styles.find((one) => loaded.handles(one));
  if (style !== undefined) return style;
  throw new MusterError('ENOSYS', `"${loaded.name}" answers no requests of HTTP: it handles none of ${styles.join(', ')}`);
}
