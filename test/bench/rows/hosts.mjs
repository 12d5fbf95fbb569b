import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const below = (hosts) => `reload of 1,000 components below ${hosts}, 1 replaced, wall`;
const worlds = { [below('10 hosts')]: 10, [below('1 host')]: 1 };
const components = 1000;

/** A gateway with a thousand components. The time of a reload is from the save of the file to the result. */
export const hosts = {
  rows: Object.keys(worlds),
  async measure({ dir, quick, wants }) {
    const rows = [];
    for (const [what, count] of Object.entries(worlds)) {
      if (wants(what)) rows.push(await measureWith(join(dir, `hosts-${count}`), what, count, quick));
    }
    return rows;
  },
};

async function measureWith(folder, what, count, quick) {
  await mkdir(folder);
  await writeFile(join(folder, 'quiet.mjs'), 'export const main = (ctx) => ctx.run();\n');
  const turns = new Map();
  const daemon = await startDaemon(folder, textOf(count, turns));
  try {
    await reconciled(daemon, 0);
    let tick = 0;
    const change = async () => {
      tick += 1;
      turns.set((tick * 13) % components, tick);
      const text = textOf(count, turns);
      await sleep(150); // What the last save set off in the daemon is over.
      const start = performance.now();
      await writeFile(daemon.config, text);
      await reconciled(daemon, 1);
      return performance.now() - start;
    };
    await change();
    const medians = await batches(quick ? 1 : 3, 5, [change]);
    const [value] = best(medians, ([time]) => time);
    return row(what, { value, bound: 150, unit: ' ms', n: `${medians.length} x 5`, note: 'from the save to the result' });
  } finally {
    await daemon.stop();
  }
}

async function reconciled(daemon, changes) {
  const result = await daemon.request('muster.reconcile');
  if (result.exitCode !== 0 || result.changes.length !== changes) {
    throw new Error(`expected ${changes} changes: ${JSON.stringify({ ...result, changes: result.changes.slice(0, 3) })}`);
  }
}

function textOf(count, turns) {
  const text = [`version: 1\n\nmodules:\n  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:0"}}\n\nhosts:\n`];
  for (let host = 0; host < count; host += 1) {
    text.push(`  host-${host}.example:\n    config:\n      auth: internal\n    components:\n`);
    for (let at = host; at < components; at += count) {
      text.push(`      c${at}.host-${host}.example:\n        module: ./quiet.mjs\n        args: ["${turns.get(at) ?? 0}"]\n`);
    }
  }
  return text.join('');
}
