import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { rssKb } from '../support/proc.mjs';
import { row } from '../support/table.mjs';

const speed = 'captured output MB/s / plain pipe read';
const memory = 'memory that the daemon gains by 1 GiB of output';
const stall = 'longest answer of the daemon meanwhile';
const lost = 'bytes lost where output blocks';
const counted = 'bytes dropped and not counted where it does not';
const line = 'a line of output as programs write them, with a few words\n';
const pieceBytes = 16 * 1024 ** 2;

/** One program writes as fast as it can, from a file in memory to a log in memory: neither the disk nor the program is what is measured. */
export const output = {
  rows: [speed, memory, stall, lost, counted],
  async measure({ dir: usual, quick }) {
    const dir = existsSync('/dev/shm') ? await mkdtemp('/dev/shm/muster-bench-') : usual;
    const pieces = quick ? 8 : 64;
    const bytes = pieces * pieceBytes;
    await writeFile(join(dir, 'piece'), Buffer.alloc(pieceBytes, line));
    const script = `i=0; while [ $i -lt ${pieces} ]; do cat ${join(dir, 'piece')}; i=$((i+1)); done`;
    const plain = Math.min(await plainRead(script, bytes), await plainRead(script, bytes));
    const config = (modules) => `version: 1\nmodules: ${JSON.stringify(modules)}\n`;
    const command = ['sh', '-c', `${script}; exec sleep 9999`];
    const daemon = await startDaemon(join(dir, 'output'), config({}));
    const logs = join(dir, 'output/state/log');
    try {
      await settled(daemon);
      const before = rssKb(daemon.pid);
      const block = await flood(daemon, config({ block: { command } }), 'block', bytes);
      const gained = (block.rss - before) / 1024;
      const drop = await flood(daemon, config({ drop: { command, log: { maxSize: 0, overflow: 'drop' } } }), 'drop', bytes);
      await sleep(500);
      const kept = statSync(join(logs, 'drop.log')).size;
      const files = readdirSync(logs).filter((name) => /^block\.log(\.\d+)?$/.test(name)).length;
      const n = `${bytes / 1024 ** 2} MiB`;
      const rate = (ms) => `${(bytes / 1e3 / ms).toFixed(0)} MB/s`;
      return [
        row(speed, { value: plain / block.ms, bound: 0.5, atLeast: true, n, note: `${rate(block.ms)} / ${rate(plain)}` }),
        row(memory, { value: gained, bound: 64, unit: ' MiB', n, note: `at its highest; ${files} files` }),
        row(stall, { value: block.stall, bound: 100, unit: ' ms', n: block.asked, note: 'muster.ping over and over' }),
        row(lost, { value: block.dropped, bound: 0, n }),
        row(counted, {
          value: bytes - kept - drop.dropped,
          bound: 0,
          n,
          note: `${(drop.dropped / 1024 ** 2).toFixed(0)} MiB were dropped`,
        }),
      ];
    } finally {
      await daemon.stop();
      if (dir !== usual) await rm(dir, { recursive: true, force: true });
    }
  },
};

async function settled(daemon) {
  for (let i = 0; i < 200; i += 1) await daemon.request('muster.ping');
  await sleep(1000);
}

/** Until all of it has arrived. */
async function flood(daemon, config, name, bytes) {
  await writeFile(daemon.config, config);
  const reloaded = daemon.request('muster.reload', {});
  let first = null;
  let [rss, stall, asked, dropped] = [0, 0, 0, 0];
  for (let arrived = 0; arrived < bytes; asked += 1) {
    const began = performance.now();
    await daemon.request('muster.ping');
    stall = Math.max(stall, performance.now() - began);
    rss = Math.max(rss, rssKb(daemon.pid));
    const stats = await daemon.request('muster.stats', { name }).catch(() => ({}));
    arrived = stats.outputBytes ?? 0;
    if (arrived > 0) first ??= { at: performance.now(), arrived };
    dropped = stats.outputDropped ?? 0;
    await sleep(20);
  }
  const ms = ((performance.now() - first.at) * bytes) / (bytes - first.arrived); // as if it had begun then
  await reloaded;
  return { ms, rss, stall, asked, dropped };
}

function plainRead(script, bytes) {
  const start = performance.now();
  return new Promise((resolve) => {
    let read = 0;
    spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.on('data', (chunk) => {
      read += chunk.length;
      if (read === bytes) resolve(performance.now() - start);
    });
  });
}
