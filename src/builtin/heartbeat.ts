import type { Context } from '../model/context.ts';
import { readSettings } from './settings/heartbeat.ts';

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
    const { intervalMs } = readSettings(config);
    clearInterval(timer);
    timer = setInterval(beat, intervalMs);
  }

  schedule(ctx.config);
  ctx.onReconfigure(schedule);
  ctx.onShutdown(() => clearInterval(timer));
  await ctx.run();
}
