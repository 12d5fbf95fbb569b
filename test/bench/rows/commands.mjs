import { fork } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best, median } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const many = '100 sleep commands loaded by one reconcile / raw spawn loop, wall';
const block = 'daemon loop block per spawn, with 300 workers in a runner';

const tiny = join(import.meta.dirname, '../modules/tiny.mjs');
/** Ready as soon as it is there: what is measured is not how long muster waits to see whether it stays. */
const nap = { command: ['sleep', '1000'], ready: { alive: 0 } };

export const commands = {
  rows: [many, block],
  async measure({ dir, quick, wants }) {
    const rows = [];
    if (wants(many)) rows.push(await loadMany(join(dir, 'commands'), quick));
    if (wants(block)) rows.push(await besideWorkers(join(dir, 'workers'), quick ? 50 : 300));
    return rows;
  },
};

async function loadMany(dir, quick) {
  const daemon = await started(dir, { keep: nap });
  const bare = fork(join(import.meta.dirname, '../support/spawns.mjs'));
  const spawns = () =>
    new Promise((resolve) => {
      bare.once('message', resolve);
      bare.send(100);
    });
  const load = async () => {
    const took = await reconciled(daemon, { keep: nap, ...naps(100) });
    await reconciled(daemon, { keep: nap });
    return took;
  };
  try {
    await load();
    await spawns();
    const medians = await batches(quick ? 1 : 3, 5, [load, spawns]);
    const [mine, raw] = best(medians, ([slower, faster]) => slower / faster);
    return row(many, { value: mine / raw, bound: 1.5, n: `${medians.length} x 5`, note: `${mine.toFixed(0)} ms / ${raw.toFixed(0)} ms` });
  } finally {
    bare.kill();
    await daemon.stop();
  }
}

/** A spawn stops a process for longer the more memory it has; so nothing that is large is to spawn. */
async function besideWorkers(dir, count) {
  const workers = Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, { module: tiny, isolation: 'thread' }]));
  const before = process.env.MUSTER_BENCH_NODE ?? '';
  process.env.MUSTER_BENCH_NODE = `${before} --require ${join(import.meta.dirname, '../support/turns.cjs')}`;
  const daemon = await started(dir, { ...workers, ...naps(20) });
  process.env.MUSTER_BENCH_NODE = before;
  const longestTurn = async () => {
    await rm(join(dir, 'turns'), { force: true });
    process.kill(daemon.pid, 'SIGUSR2');
    for (;;) {
      const text = await readFile(join(dir, 'turns'), 'utf8').catch(() => '');
      if (text !== '') return Number(text);
      await sleep(5);
    }
  };
  try {
    const turns = [];
    for (const name of Object.keys(naps(20))) {
      await longestTurn();
      await daemon.request('muster.restart', { names: [name] });
      turns.push(await longestTurn());
    }
    return row(block, {
      value: median(turns),
      bound: 2,
      unit: ' ms',
      n: `20, ${count} workers`,
      note: 'longest turn of its loop in a restart, CPU time',
    });
  } finally {
    await daemon.stop();
  }
}

const naps = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`nap${i}`, nap]));

async function started(dir, modules) {
  await mkdir(dir);
  return startDaemon(dir, textOf(modules));
}

async function reconciled(daemon, modules) {
  await writeFile(daemon.config, textOf(modules));
  await sleep(150); // `sources` waits until a file is at rest
  const start = performance.now();
  const result = await daemon.request('muster.reconcile', { allowEmpty: true, maxRemovals: '100%' });
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}: ${JSON.stringify(result.diagnostics)}`);
  return performance.now() - start;
}

function textOf(modules) {
  const lines = Object.entries(modules).map(([name, entry]) => `  ${name}: ${JSON.stringify(entry)}\n`);
  return `version: 1\nmodules:\n${lines.join('')}`;
}
