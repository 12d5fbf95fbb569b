// Measures from inside a module: requests to a neighbour, and beside it a bare thread over a bare port.
import { MessageChannel, Worker } from 'node:worker_threads';

export async function main(ctx) {
  ctx.handle('bus', ({ payload: { count, inFlight } }) => timed(count, inFlight, (n) => ctx.request('echo.it', { id: n, text: 'hello' })));
  ctx.handle('raw', ({ payload: { count, inFlight } }) => bare(count, inFlight));
  ctx.handle('fanOut', ({ payload: { count, subscribers } }) => fanOut(ctx, count, subscribers));
  await ctx.run();
}

/** ms for `count` round trips, `inFlight` at a time. */
async function timed(count, inFlight, ask) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await ask(left);
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return performance.now() - start;
}

const echo = `
  const { workerData: port } = require('node:worker_threads');
  port.on('message', (message) => port.postMessage(message));
`;

async function bare(count, inFlight) {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(echo, { eval: true, workerData: port2, transferList: [port2] });
  await new Promise((resolve) => worker.once('online', resolve));
  const round = (many) =>
    new Promise((resolve) => {
      let sent = 0;
      let got = 0;
      const send = () => port1.postMessage({ id: sent++, text: 'hello' });
      port1.removeAllListeners('message');
      port1.on('message', () => {
        got += 1;
        if (got === many) resolve();
        else if (sent < many) send();
      });
      for (let i = 0; i < inFlight; i += 1) send();
    });
  await round(Math.min(count, 2000));
  const start = performance.now();
  await round(count);
  const took = performance.now() - start;
  port1.close();
  await worker.terminate();
  return took;
}

/** ms until each of so many subscribers says that it got the last event; what was dropped makes it wait for ever. */
async function fanOut(ctx, count, subscribers) {
  let missing = subscribers;
  const done = new Promise((resolve) => {
    ctx.handle('got', () => {
      missing -= 1;
      if (missing === 0) resolve();
    });
  });
  const start = performance.now();
  for (let n = 1; n <= count; n += 1) ctx.publish('bench.tick', { n, last: n === count });
  await done;
  return performance.now() - start;
}
