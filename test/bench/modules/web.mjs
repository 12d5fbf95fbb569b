/** What a component answers, in both styles; the bare server answers with the same. */
export const handlers = {
  request: ({ payload: { method, url } }) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: `${method} ${url}` }),
  fetch: ({ payload: request }) => new Response(`${request.method} ${request.url.length}`, { headers: { 'content-type': 'text/plain' } }),
};

export async function main(ctx) {
  const { style = 'request' } = ctx.config;
  ctx.handle(style, handlers[style]);
  await ctx.run();
}
