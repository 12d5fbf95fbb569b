import type { Context } from '../model/context.ts';
import { createAnswer } from './metrics/answer.ts';
import { openServer } from './metrics/server.ts';
import { type Listen, settingsOf, urlOf } from './metrics/settings.ts';
import { createSource } from './metrics/source.ts';

/** Serves what muster knows of itself and its modules over HTTP: metrics for Prometheus, health for those who check it. */
export async function main(ctx: Context): Promise<void> {
  let settings = settingsOf(ctx.config);
  const source = createSource(ctx);
  const answer = createAnswer({ source, settings: () => settings });
  await source.figures();
  let server = await open(settings.listen);
  tell();

  ctx.onReconfigure(async (config) => {
    const next = settingsOf(config);
    if (urlOf(next) !== urlOf({ ...settings, prefix: next.prefix })) await move(next.listen);
    settings = next;
    tell();
  });
  ctx.onShutdown(() => server.close());
  await ctx.run();

  function open(listen: Listen) {
    return openServer(listen, answer, (problem) => ctx.log.warn(problem));
  }

  /** The new one is there before the old one goes, but where both need the same port. */
  async function move(listen: Listen): Promise<void> {
    const old = server;
    if (listen.port !== old.address.port) {
      server = await open(listen);
      return old.close();
    }
    await old.close();
    try {
      server = await open(listen);
    } catch (error) {
      server = await open(old.address);
      throw error;
    }
  }

  function tell(): void {
    ctx.status('info', `serving ${urlOf({ prefix: settings.prefix, listen: server.address }, '/metrics')}`, { override: true });
  }
}
