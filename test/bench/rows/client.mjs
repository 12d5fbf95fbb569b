import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cli, startDaemon } from '../support/daemon.mjs';
import { batches, best, interleaved } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'muster list / node -e 0, wall';
const floor = 'the least that asks a socket / node -e 0, wall';

/** What a command costs a person who types it. How near it can come to a bare start is up to Node: the second row. */
export const client = {
  rows: [what, floor],
  async measure({ dir, quick }) {
    const text = `version: 1\nmodules:\n${['a', 'b', 'c'].map((name) => `  ${name}: {command: [sleep, "100000"]}\n`).join('')}`;
    const daemon = await startDaemon(join(dir, 'client'), text);
    try {
      const rounds = quick ? 10 : 20;
      const run = (args) => exitOf(spawn(process.execPath, args, { env: daemon.env, stdio: ['ignore', 'ignore', 'inherit'] }));
      const lines = [
        [cli, 'list'],
        ['-e', '0'],
        ['-e', leastClient(daemon.socket)],
      ].map((args) => () => run(args));
      await interleaved(1, lines);
      const medians = await batches(3, rounds, lines);
      const [list, bare] = best(medians, ([ours, theirs]) => ours / theirs);
      const [, bareThen, least] = best(medians, ([, theirs, floored]) => floored / theirs);
      return [
        row(what, { value: list / bare, bound: 1.25, n: `3 x ${rounds}`, note: `${ms(list)} / ${ms(bare)}` }),
        row(floor, { value: least / bareThen, n: `3 x ${rounds}`, note: `${ms(least)} / ${ms(bareThen)}` }),
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
