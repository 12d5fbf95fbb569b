import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../index.ts';

/** A component whose response is a stream: each piece goes out when it is there. */
export async function main(ctx: Context): Promise<void> {
  ctx.handle('request', () => ({ headers: { 'content-type': 'text/plain' }, body: count() }));
  await ctx.run();
}

/** When the client leaves, it ends at its `yield`. */
async function* count(): AsyncGenerator<string> {
  for (let n = 1; n <= 3; n += 1) {
    yield `c ${n}\n`;
    await sleep(100);
  }
}
