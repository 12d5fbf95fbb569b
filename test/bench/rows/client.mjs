import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cli, startDaemon } from '../support/daemon.mjs';
import { batches, best, interleaved } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'muster list / node -e 0, wall';
const bare = 'the same, in an environment of three variables';
const floor = 'the least that asks a socket, in that environment';

/**
 * What a command costs a person who types it, so both sides run in that person's environment: some of its variables (more
 * certificates, say) make every start of node slower. The other rows have no bound: without such variables a bare start is
 * so short that Node's own net module takes most of what the bound leaves.
 */
export const client = {
  rows: [what, bare, floor],
  async measure({ dir, quick }) {
    const text = `version: 1\nmodules:\n${['a', 'b', 'c'].map((name) => `  ${name}: {command: [sleep, "100000"]}\n`).join('')}`;
    const daemon = await startDaemon(join(dir, 'client'), text);
    try {
      const rounds = quick ? 10 : 20;
      const timed = async (label, env, args, bound) => {
        const run = (argv) => () => exitOf(spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'inherit'] }));
        const lines = [run(args), run(['-e', '0'])];
        await interleaved(1, lines);
        const [ours, theirs] = best(await batches(3, rounds, lines), ([mine, node]) => mine / node);
        const note = `${ms(ours)} / ${ms(theirs)}`;
        return row(label, { value: ours / theirs, ...(bound === undefined ? {} : { bound }), n: `3 x ${rounds}`, note });
      };
      return [
        await timed(what, { ...process.env, MUSTER_STATE_DIR: daemon.env.MUSTER_STATE_DIR }, [cli, 'list'], 1.25),
        await timed(bare, daemon.env, [cli, 'list']),
        await timed(floor, daemon.env, ['-e', leastClient(daemon.socket)]),
      ];
    } finally {
      await daemon.stop();
    }
  },
};

/** Node's own part of a client: the net module, one connection, one request. */
function leastClient(socket) {
  const request = JSON.stringify({ type: 'request', topic: 'muster.list', id: 1, payload: {} });
  return `require('net').connect(${JSON.stringify(socket)}, function () { this.write('${request}\\n') }).once('data', () => process.exit())`;
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
}

function ms(time) {
  return `${time.toFixed(1)} ms`;
}
