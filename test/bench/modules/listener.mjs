export async function main(ctx) {
  ctx.subscribe('bench.*', ({ payload }) => (payload.last ? ctx.request('asker.got') : undefined));
  await ctx.run();
}
