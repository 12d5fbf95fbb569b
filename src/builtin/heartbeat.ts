import type { Context } from '../model/context.ts';

const defaultIntervalMs = 1000;

/** Writes a line and publishes `NAME.beat` each `config.intervalMs`, and takes a new interval without a restart. */
export async function main(ctx: Context): Promise<void> {
  let beats = 0;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    beats += 1;
    ctx.log.info(`beat ${beats}`);
    ctx.status('core', `${beats} beats`);
    ctx.publish(`${ctx.name}.beat`, { beats });
  }
  function schedule(config: Context['config']): void {
    const interval = intervalOf(config);
    clearInterval(timer);
    timer = setInterval(beat, interval);
  }

  schedule(ctx.config);
  ctx.onReconfigure(schedule);
  ctx.onShutdown(() => clearInterval(timer));
  await ctx.run();
}

function intervalOf({ intervalMs = defaultIntervalMs }: Context['config']): number {
  if (typeof intervalMs === 'number' && intervalMs >= 1) return intervalMs;
  throw new Error(`intervalMs is a number of milliseconds from 1 up, found ${JSON.stringify(intervalMs)}`);
}
