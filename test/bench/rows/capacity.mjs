import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.mjs';
import { heapKb } from '../support/heap.mjs';
import { fdCount, rssKb, threadCount } from '../support/proc.mjs';
import { row } from '../support/table.mjs';

const thousand = 'memory per shared module over 1,000, runner';
const tenThousand = 'memory per shared module over 10,000, runner';
const daemonSide = 'memory per shared module over 1,000, daemon';
const threads = '1,000 thread modules in one reconcile: loaded, or refused';
const churnOf = (isolation) => `growth per load and unload, ${isolation}`;

/** A spare thread is started when the machine is quiet, and holds 6 MB: one that comes between two looks would pass for a leak. */
const restMs = 5000;

const tiny = join(import.meta.dirname, '../modules/tiny.mjs');

/** What many modules cost, and what is left of those that come and go. */
export const capacity = {
  rows: [thousand, daemonSide, tenThousand, threads, churnOf('thread'), churnOf('shared'), churnOf('process')],
  async measure({ dir, quick, wants }) {
    const rows = [];
    if (wants(thousand) || wants(daemonSide)) rows.push(...(await memoryOf(join(dir, 'thousand'), 1000)).filter(({ what }) => wants(what)));
    if (wants(tenThousand)) rows.push((await memoryOf(join(dir, 'tenThousand'), 10_000))[0]);
    if (wants(threads)) rows.push(await manyThreads(join(dir, 'threads')));
    for (const [isolation, cycles] of Object.entries({ thread: quick ? 300 : 1000, shared: 1000, process: quick ? 300 : 1000 })) {
      if (wants(churnOf(isolation))) rows.push(await churn(join(dir, `churn-${isolation}`), isolation, cycles));
    }
    return rows;
  },
};

/** Some modules first, so that what a runner and the threads of its pool cost by themselves does not count. */
async function memoryOf(folder, count) {
  const some = modulesOf('first', 20, 'shared');
  const daemon = await started(folder, some);
  try {
    const runner = await runnerOf(daemon, 'first0');
    await sleep(1000);
    const before = [rssKb(runner), rssKb(daemon.pid)];
    await reconciled(daemon, { ...some, ...modulesOf('m', count, 'shared') });
    await sleep(1000);
    const [inRunner, inDaemon] = [rssKb(runner), rssKb(daemon.pid)].map((kb, index) => (kb - before[index]) / count);
    const what = count === 1000 ? thousand : tenThousand;
    return [
      row(what, { value: inRunner, bound: 20, unit: ' kB', n: 1, note: 'resident memory' }),
      row(daemonSide, { value: inDaemon, unit: ' kB', n: 1, note: 'resident memory, garbage of the run included' }),
    ];
  } finally {
    await daemon.stop();
  }
}

async function manyThreads(folder) {
  const count = 1000;
  const daemon = await started(folder, { first: 'thread' });
  try {
    const start = performance.now();
    await writeFile(daemon.config, textOf({ first: 'thread', ...modulesOf('m', count, 'thread') }));
    const result = await daemon.request('muster.reconcile');
    const took = performance.now() - start;
    const failed = result.changes.filter(({ status }) => status !== 'ok');
    const note = failed.length === 0 ? `${took.toFixed(0)} ms` : `${failed.length} refused: ${failed[0].error.message.slice(0, 120)}`;
    return row(threads, { value: count - failed.length, n: 1, note });
  } finally {
    await daemon.stop();
  }
}

/** After as many cycles before that, in which everything has grown that grows once: the last 1,000 events, compiled code. */
async function churn(folder, isolation, cycles) {
  const daemon = await started(folder, { first: 'thread' });
  try {
    const runner = await runnerOf(daemon, 'first');
    const cycle = async () => {
      await daemon.request('muster.load', { target: tiny, name: 'coming', args: [], isolation, cwd: '/' });
      await daemon.request('muster.remove', { names: ['coming'] });
    };
    for (let i = 0; i < cycles; i += 1) await cycle();
    const before = await settled([runner, daemon.pid]);
    for (let i = 0; i < cycles; i += 1) await cycle();
    const after = await settled([runner, daemon.pid]);
    const grown = (key) => after.map((now, index) => now[key] - before[index][key]);
    const [inRunner, inDaemon] = grown('heap');
    const both = (key) => grown(key).map(Math.round).join(' and ');
    const note = `runner and daemon: heaps ${both('heap')} kB, resident ${both('rss')} kB; fds ${both('fds')}, threads ${both('threads')} more`;
    return row(churnOf(isolation), { value: (inRunner + inDaemon) / cycles, bound: 1, unit: ' kB', n: cycles, note });
  } finally {
    await daemon.stop();
  }
}

/** What each holds when it is at rest and its garbage is collected. Threads that are to wait for the next start come one after the other. */
async function settled(pids) {
  let before;
  let threads;
  do {
    before = threads;
    await sleep(restMs);
    threads = pids.map(threadCount).join(' ');
  } while (threads !== before);
  const all = [];
  for (const pid of pids) all.push({ heap: await heapKb(pid), rss: rssKb(pid), fds: fdCount(pid), threads: threadCount(pid) });
  return all;
}

async function started(folder, modules) {
  await mkdir(folder, { recursive: true });
  return startDaemon(folder, textOf(modules));
}

async function runnerOf(daemon, name) {
  const { modules } = await daemon.request('muster.list');
  return modules.find((module) => module.name === name).pid;
}

async function reconciled(daemon, modules) {
  await writeFile(daemon.config, textOf(modules));
  const result = await daemon.request('muster.reconcile');
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}: ${JSON.stringify(result.diagnostics)}`);
}

function modulesOf(prefix, count, isolation) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, isolation]));
}

function textOf(modules) {
  const lines = Object.entries(modules).map(([name, isolation]) => `  ${name}: {module: ${tiny}, isolation: ${isolation}}\n`);
  return `version: 1\n\nmodules:\n${lines.join('')}`;
}
