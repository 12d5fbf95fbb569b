import type { Context } from '../index.ts';

/** A service that loads modules: `gateway.welcome` in the config is loaded by it, into its thread. */
export async function main(ctx: Context): Promise<void> {
  const host = ctx.hostModules({
    async load(module) {
      await host.load(module);
      ctx.status('info', `${module.name} was loaded last`);
    },
  });
  await ctx.run();
}
