import { fork } from 'node:child_process';
import { join } from 'node:path';
import { pipelinedPings } from '../support/connection.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'muster.ping / bare echo of JSON lines, pipelined, throughput';
const inFlight = 256;

/** The control socket against the least a server of JSON lines can do. */
export const ping = {
  rows: [what],
  async measure({ dir, quick }) {
    const daemon = await startDaemon(join(dir, 'ping'), 'version: 1\nmodules: {}\n');
    const bareSocket = join(dir, 'bare.sock');
    const bare = fork(join(import.meta.dirname, '../support/echo.mjs'), [bareSocket]);
    await new Promise((resolve) => bare.once('message', resolve));
    try {
      const count = quick ? 20_000 : 50_000;
      const measure = (path) => pipelinedPings(path, count, inFlight);
      await Promise.all([measure(daemon.socket), measure(bareSocket)]);
      const medians = await batches(quick ? 2 : 3, 5, [() => measure(daemon.socket), () => measure(bareSocket)]);
      const [ours, theirs] = best(medians, ([slower, faster]) => slower / faster);
      const note = `${perSecond(count, ours)} / ${perSecond(count, theirs)}, ${inFlight} in flight`;
      return [row(what, { value: theirs / ours, bound: 0.7, atLeast: true, n: `${medians.length} x 5 x ${count}`, note })];
    } finally {
      bare.kill();
      await daemon.stop();
    }
  },
};

function perSecond(count, time) {
  return `${Math.round(count / time)} k/s`;
}
