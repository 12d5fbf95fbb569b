import type { Context } from '../index.ts';

/** Counts events whose topic matches `config.events`, by topic; goes on counting after a reload. */
export async function main(ctx: Context): Promise<void> {
  const counts: Map<string, number> = ctx.restored ?? new Map();
  ctx.onSave(() => counts);

  ctx.subscribe(String(ctx.config.events ?? '*'), ({ topic, from }) => {
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
    if (ctx.debugFlags & 1) ctx.log.info(topic, 'from', from); // muster debug counter --setbit 1
  });
  ctx.handle('counts', () => Object.fromEntries(counts));
  await ctx.run();
}
