export async function main(ctx) {
  ctx.handle('it', ({ payload }) => payload);
  await ctx.run();
}
