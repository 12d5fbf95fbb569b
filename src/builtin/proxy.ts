import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Context } from '../model/context.ts';
import { fail, forward, type Outcome } from './proxy/forward.ts';
import { readSettings } from './proxy/settings.ts';
import { refuse, tunnel, type Upgrade } from './proxy/tunnel.ts';
import { createMark, mark } from './proxy/via.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A component of a gateway that passes requests on to a server of HTTP. */
export async function main(ctx: Context): Promise<void> {
  let settings = readSettings(ctx.config);
  let agent = agentOf(settings);
  let failing: Outcome = null;
  const own = createMark();

  /** A status per change, not per request. */
  function tell(outcome: Outcome): void {
    if (outcome === failing) return;
    failing = outcome;
    const { to, module } = settings;
    const what = module === null ? to.text : `${module} at ${to.text}`;
    if (outcome === null) ctx.status('core', `passes on to ${what}`);
    else ctx.status('warn', `${what} does not answer: ${outcome}`);
  }

  ctx.handle<Exchange>('node', async ({ payload: { request, response }, signal }) => {
    if (signal.aborted) return;
    if (!mark(request.headers, own)) fail(response, 508);
    else tell(await forward(request, response, { settings, agent, signal }));
  });
  ctx.handle<Upgrade>('upgrade', async ({ payload }) => {
    if (!mark(payload.request.headers, own)) refuse(payload.socket, 508);
    else tell(await tunnel(payload, settings));
  });
  ctx.onReconfigure((config) => {
    settings = readSettings(config);
    const before = agent;
    agent = agentOf(settings);
    // Those in use go on to their end.
    for (const sockets of Object.values(before.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  });
  ctx.onShutdown(() => agent.destroy());
  ctx.status('core', `passes on to ${settings.to.text}`);
  await ctx.run();
}

function agentOf({ maxSockets }: ReturnType<typeof readSettings>): Agent {
  return new Agent({ keepAlive: true, maxSockets, maxFreeSockets: 64, scheduling: 'lifo' });
}
