import type { Context } from '../model/context.ts';
import { readSettings } from './settings/vhost.ts';

interface Message {
  readonly method: string;
  readonly url: string;
}

/**
 * A virtual host: answers for what is asked of its domain and no component of it takes. Its config is that of its components too,
 * so it has keys of all kinds; its own is `page`, the text that stands at `/`.
 */
export async function main(ctx: Context): Promise<void> {
  let page = pageOf(ctx);
  ctx.handle<Message>('request', ({ payload: { method, url } }) => {
    const isRoot = url === '/' || url.startsWith('/?');
    if (!isRoot) return { status: 404, body: '404 there is nothing here\n' };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' }, body: '405\n' };
    return {
      status: 200,
      headers: { 'content-type': page.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8' },
      body: page,
    };
  });
  ctx.onReconfigure(() => {
    page = pageOf(ctx);
  });
  await ctx.run();
}

function pageOf({ name, config }: Context): string {
  return readSettings(config).page ?? `${name}\n`;
}
