import type { Context } from '../../index.ts';

/** A component in the style of the web: it gets a Request and returns a Response. */
export async function main(ctx: Context): Promise<void> {
  ctx.handle<Request>('fetch', async ({ payload: request }) => {
    if (request.method === 'POST') return new Response(request.body, { headers: { 'content-type': 'application/octet-stream' } });
    return Response.json({ component: 'b', url: request.url, auth: ctx.config.auth });
  });
  await ctx.run();
}
