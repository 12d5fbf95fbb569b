import { fork } from 'node:child_process';
import { join } from 'node:path';
import { pipelinedPings } from '../support/connection.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { interleaved, median } from '../support/numbers.mjs';
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
      const rounds = quick ? 5 : 9;
      const measure = (path) => pipelinedPings(path, count, inFlight);
      await Promise.all([measure(daemon.socket), measure(bareSocket)]);
      const [theirs, ours] = await interleaved(rounds, [() => measure(bareSocket), () => measure(daemon.socket)]);
      const value = median(theirs.map((time, index) => time / ours[index]));
      const note = `${perSecond(count, ours)} / ${perSecond(count, theirs)}, ${inFlight} in flight`;
      return [row(what, { value, bound: 0.7, atLeast: true, n: `${rounds} x ${count}`, note })];
    } finally {
      bare.kill();
      await daemon.stop();
    }
  },
};

function perSecond(count, times) {
  return `${Math.round(count / median(times))} k/s`;
}
