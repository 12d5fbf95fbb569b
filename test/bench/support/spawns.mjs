// Starts as many `sleep` at once as it is told, and says how many ms it took until all of them were there.
import { spawn } from 'node:child_process';

process.on('message', async (count) => {
  const start = performance.now();
  const children = Array.from({ length: count }, () => spawn('sleep', ['1000'], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('spawn', resolve))));
  const took = performance.now() - start;
  const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(gone);
  process.send(took);
});
