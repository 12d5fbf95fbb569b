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

/** Who hears what a component failed with. */
export type Failed = (live: Live, exchange: Exchange, error: unknown) => void;

/** Asks the component, and writes what it answers. Throws what is wrong at once, and tells what goes wrong later. */
export function serve(live: Live, exchange: Exchange, target: Target, trusts: Trust, failed: Failed): void {
  const { request, response, mount } = exchange;
  const headers = forwarded(request, target.authority, trusts);
  live.style ??= styleOf(live);
  switch (live.style) {
    case 'request': {
      const { method } = request;
      const { url } = target;
      const message = (body: Buffer | null) => ask(live, exchange, { method, url, headers, body, mount }, failed);
      if (hasBody(request)) bodyOf(request).then(message, (error) => failed(live, exchange, error));
      else message(null);
      return;
    }
    case 'fetch':
      ask(live, exchange, toRequest(exchange, target, headers), failed);
      return;
    case 'node':
      request.url = target.url;
      exchange.call = live.loaded.call('node', { request, response, mount });
      exchange.call.answer.catch((error) => failed(live, exchange, error));
  }
}

function ask(live: Live, exchange: Exchange, payload: unknown, failed: Failed): void {
  exchange.call = live.loaded.call<unknown>(live.style as Style, payload);
  const wrong = (error: unknown): void => failed(live, exchange, error);
  exchange.call.answer.then((result) => {
    exchange.call = null;
    try {
      reply(exchange, result)?.catch(wrong);
    } catch (error) {
      wrong(error);
    }
  }, wrong);
}

function styleOf({ loaded }: Live): Style {
  const style = styles.find((one) => loaded.handles(one));
  if (style !== undefined) return style;
  throw new MusterError('ENOSYS', `"${loaded.name}" answers no requests of HTTP: it handles none of ${styles.join(', ')}`);
}
