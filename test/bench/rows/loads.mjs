import { fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const shared = '100 shared modules loaded by one reconcile / 100 bare workers, wall';
const few = '2 thread modules at once / 2 bare workers at once, wall';
const some = '10 thread modules at once / 10 bare workers at once, wall';
const lots = '50 thread modules at once / 50 bare workers at once, wall';
const threadLoads = [
  [few, 2],
  [some, 10],
  [lots, 50],
];

const tiny = join(import.meta.dirname, '../modules/tiny.mjs');

/**
 * One reconcile of a file that has been at rest for long enough (`sources` waits for that), against as many threads that do
 * nothing but say that they are there.
 */
export const loads = {
  rows: [shared, few, some, lots],
  async measure({ dir, quick, wants }) {
    const folder = join(dir, 'loads');
    await mkdir(folder);
    const daemon = await startDaemon(folder, textOf({ keep: 'thread' }));
    const bare = fork(join(import.meta.dirname, '../support/workers.mjs'));
    const workers = (count) =>
      new Promise((resolve) => {
        bare.once('message', resolve);
        bare.send(count);
      });
    try {
      const load = async (count, isolation) => {
        const modules = Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, isolation]));
        const took = await reconciled(daemon, { keep: 'thread', ...modules });
        await reconciled(daemon, { keep: 'thread' });
        return took;
      };
      const rows = [];
      if (wants(shared))
        rows.push(
          await compare(
            shared,
            0.1,
            quick,
            () => load(100, 'shared'),
            () => workers(100),
          ),
        );
      for (const [what, count] of threadLoads) {
        if (wants(what))
          rows.push(
            await compare(
              what,
              1.1,
              quick,
              () => load(count, 'thread'),
              () => workers(count),
            ),
          );
      }
      return rows;
    } finally {
      bare.kill();
      await daemon.stop();
    }
  },
};

async function compare(what, bound, quick, ours, theirs) {
  await ours();
  await theirs();
  const medians = await batches(quick ? 1 : 3, 5, [ours, theirs]);
  const [mine, bare] = best(medians, ([slower, faster]) => slower / faster);
  return row(what, { value: mine / bare, bound, n: `${medians.length} x 5`, note: `${mine.toFixed(0)} ms / ${bare.toFixed(0)} ms` });
}

async function reconciled(daemon, modules) {
  await writeFile(daemon.config, textOf(modules));
  await sleep(150);
  const start = performance.now();
  const result = await daemon.request('muster.reconcile', { allowEmpty: true, maxRemovals: '100%' });
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}: ${JSON.stringify(result.diagnostics)}`);
  return performance.now() - start;
}

function textOf(modules) {
  const lines = Object.entries(modules).map(([name, isolation]) => `  ${name}: {module: ${tiny}, isolation: ${isolation}}\n`);
  return `version: 1\n\nmodules:\n${lines.join('')}`;
}
