import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cli, startDaemon } from '../support/daemon.mjs';
import { interleaved, median } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'muster list / node -e 0, wall';

/** What a command costs a person who types it. */
export const client = {
  rows: [what],
  async measure({ dir, quick }) {
    const text = `version: 1\nmodules:\n${['a', 'b', 'c'].map((name) => `  ${name}: {command: [sleep, "100000"]}\n`).join('')}`;
    const daemon = await startDaemon(join(dir, 'client'), text);
    try {
      const rounds = quick ? 20 : 60;
      const run = (args) => exitOf(spawn(process.execPath, args, { env: daemon.env, stdio: ['ignore', 'ignore', 'inherit'] }));
      await run([cli, 'list']);
      const [list, bare] = await interleaved(rounds, [() => run([cli, 'list']), () => run(['-e', '0'])]);
      return [row(what, { value: median(list) / median(bare), bound: 1.25, n: rounds, note: `${ms(list)} / ${ms(bare)}` })];
    } finally {
      await daemon.stop();
    }
  },
};

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
}

function ms(times) {
  return `${median(times).toFixed(1)} ms`;
}
