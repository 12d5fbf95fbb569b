import type { Context } from '../../index.ts';

/** A component of a gateway that takes whole messages: what it returns is the response. */
export async function main(ctx: Context): Promise<void> {
  let visits = 0;
  ctx.handle('request', ({ payload: { method, url } }) => {
    visits += 1;
    return { status: 200, headers: { 'x-component': ctx.name }, body: { component: 'a', method, url, visits, auth: ctx.config.auth } };
  });
  await ctx.run();
}
