import type { Context, ModuleHost } from '../model/context.ts';
import { Arrivals } from './gateway/arrivals.ts';
import type { Component } from './gateway/component.ts';
import { Components, type Expected } from './gateway/components.ts';
import { Connections } from './gateway/connections.ts';
import { Gateway } from './gateway/gateway.ts';
import { Routes } from './gateway/routes.ts';
import { readSettings } from './gateway/settings.ts';

/** What one start of it leaves to the next. */
interface Saved {
  readonly components: readonly Expected[];
}

/** A gateway of HTTP: it loads components, each of which answers for a domain or a path. */
export async function main(ctx: Context): Promise<void> {
  const settings = readSettings(ctx.config);
  const routes = new Routes<Component>();
  const connections = new Connections();
  const arrivals = new Arrivals();
  const comesBack = ctx.again || ctx.restored !== undefined;
  if (!comesBack) arrivals.end();
  const components = new Components({ ctx, routes, connections, host: () => host, left: () => arrivals.end() });
  const gateway = new Gateway(settings, { ctx, routes, connections, components, arrivals });
  const former = ctx.restored as Saved | undefined;
  const host: ModuleHost = ctx.hostModules({
    load: (module) => arrivals.during(components.load(module)),
    remove: (module) => components.remove(module),
    closing: () => gateway.drain(),
  });
  ctx.onReconfigure((config) => gateway.apply(readSettings(config)));
  ctx.onStats(() => gateway.stats());
  ctx.onShutdown(() => gateway.close());
  ctx.onSave((): Saved => {
    gateway.followed();
    return { components: components.expected() };
  });
  // With `overlap` the one before goes, and leaves its addresses, when this one runs.
  await gateway.apply(settings, former === undefined ? null : () => ctx.ready());
  if (former !== undefined) components.expect(former.components);
  arrivals.begin();
  await ctx.run();
}
