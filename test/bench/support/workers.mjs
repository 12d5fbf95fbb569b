// Starts as many threads at once as it is told, and says how many ms it took until all of them had said that they run.
import { Worker } from 'node:worker_threads';

const code = "require('node:worker_threads').parentPort.postMessage('here'); setInterval(() => {}, 1e9)";

process.on('message', async (count) => {
  const start = performance.now();
  const workers = Array.from({ length: count }, () => new Worker(code, { eval: true }));
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  const took = performance.now() - start;
  await Promise.all(workers.map((worker) => worker.terminate()));
  process.send(took);
});
