import type { Context } from '../index.ts';

/** Asks another module for what it does not know itself. */
export async function main(ctx: Context): Promise<void> {
  ctx.handle('get', async ({ signal }) => {
    const last = await ctx.request<string | null>('guestbook.last', undefined, { timeout: 1000, signal });
    return `${ctx.config.text}, ${last ?? 'nobody'}`;
  });
  await ctx.run();
}
