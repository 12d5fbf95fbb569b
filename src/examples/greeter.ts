import type { Context } from '../index.ts';
import { Tone, withTone } from './tones.ts';

export const name = 'greeter';

/** Says its greeting when it starts, and the new one whenever the config changes: in the same thread. */
export async function main(ctx: Context, args: string[]): Promise<void> {
  const tone = args.includes('--loud') ? Tone.Loud : Tone.Calm;
  const greet = (): void => ctx.log.info(withTone(String(ctx.config.greeting ?? 'hello'), tone));

  ctx.onReconfigure(greet);
  ctx.onShutdown(() => ctx.log.info('goodbye'));
  greet();
  await ctx.run();
}
