import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cli, startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { cpuMs } from '../support/proc.mjs';
import { row } from '../support/table.mjs';

const noOp = 'reload of 1,000 modules, nothing changed, CPU';
const figures = 'muster.metrics of 1,000 modules, CPU';
const command = 'reload of 1,000 modules, 1 command replaced, wall';
const thread = 'reload of 1,000 modules, 1 thread module replaced, wall';
const typed = 'the same as typed: muster reload, 1 command replaced, wall';
const ratio = 'reload of 1,000 modules, 10 changed / 1 changed, wall';

const threads = 10;
const commands = 990;

/**
 * A daemon with 990 real processes and 10 modules in threads. The time of a reload is from the save of the file to the result;
 * `alive: 0ms` because how long a new process has to live before it counts as running is waiting by agreement, not work.
 */
export const reload = {
  rows: [noOp, figures, command, thread, typed, ratio],
  async measure({ dir, quick, wants }) {
    const folder = join(dir, 'reload');
    await mkdir(folder);
    await writeFile(join(folder, 'quiet.mjs'), 'export const main = (ctx) => ctx.run();\n');
    const world = { commands: new Map(), threads: new Map() };
    const daemon = await startDaemon(folder, textOf(world));
    try {
      await reconciled(daemon, 0);
      const rows = [];
      if (wants(noOp)) rows.push(await measureRepeated(noOp, daemon, quick, () => reconciled(daemon, 0)));
      if (wants(figures)) rows.push(await measureRepeated(figures, daemon, quick, () => daemon.request('muster.metrics')));
      rows.push(...(await measureChanges(daemon, world, quick, wants)));
      return rows;
    } finally {
      await daemon.stop();
    }
  },
};

async function measureRepeated(what, daemon, quick, act) {
  const n = quick ? 20 : 50;
  for (let i = 0; i < 5; i += 1) await act();
  const before = cpuMs(daemon.pid);
  for (let i = 0; i < n; i += 1) await act();
  const value = (cpuMs(daemon.pid) - before) / n;
  return row(what, { value, bound: 50, unit: ' ms', n, note: `${commands} processes, ${threads} threads` });
}

async function measureChanges(daemon, world, quick, wants) {
  const rounds = 5;
  let tick = 0;
  /** Changes that many modules, saves, asks for a reload by `ask`; ms from the save to its result. */
  const change = async (kind, many, ask) => {
    tick += 1;
    for (let i = 0; i < many; i += 1) world[kind].set((tick * 13 + i) % (kind === 'threads' ? threads : commands), tick);
    const text = textOf(world);
    await sleep(150); // What the last save set off in the daemon is over.
    const start = performance.now();
    await writeFile(daemon.config, text);
    await ask(many);
    return performance.now() - start;
  };
  const bySocket = (many) => reconciled(daemon, many);
  const byHand = () => exitOf(spawn(process.execPath, [cli, 'reload'], { env: daemon.env, stdio: ['ignore', 'ignore', 'inherit'] }));
  const all = [
    { rows: [command, ratio], run: () => change('commands', 1, bySocket) },
    { rows: [ratio], run: () => change('commands', 10, bySocket) },
    { rows: [thread], run: () => change('threads', 1, bySocket) },
    { rows: [typed], run: () => change('commands', 1, byHand) },
  ];
  const measured = all.map(({ rows, run }) => (rows.some(wants) ? run : () => 0));
  if (![command, ratio, thread, typed].some(wants)) return [];
  for (const run of measured) await run();
  const medians = await batches(quick ? 1 : 3, rounds, measured);
  const bestOf = (index) => best(medians, (times) => times[index])[index];
  const [one, ten] = best(medians, ([single, several]) => several / single);
  const n = `${medians.length} x ${rounds}`;
  const note = 'alive: 0ms; from the save to the result';
  return [
    row(command, { value: bestOf(0), bound: 150, unit: ' ms', n, note }),
    row(thread, { value: bestOf(2), bound: 150, unit: ' ms', n, note: 'from the save to the result' }),
    row(typed, { value: bestOf(3), unit: ' ms', n, note: `${note}, with the client's own start` }),
    row(ratio, { value: ten / one, bound: 1.5, n, note: `${ten.toFixed(0)} ms / ${one.toFixed(0)} ms` }),
  ].filter(({ what }) => wants(what));
}

async function reconciled(daemon, changes) {
  const result = await daemon.request('muster.reconcile');
  if (result.exitCode !== 0 || result.changes.length !== changes) {
    throw new Error(`expected ${changes} changes: ${JSON.stringify({ ...result, changes: result.changes.slice(0, 3) })}`);
  }
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
  });
}

function textOf(world) {
  const processes = Array.from({ length: commands }, (_, i) => {
    const turn = world.commands.get(i) ?? 0;
    return `  worker-${i}:\n    command: [sleep, "100000"]\n    ready: {alive: 0ms}\n    env: {NUMBER: "${i}", TURN: "${turn}"}\n`;
  });
  const code = Array.from({ length: threads }, (_, i) => {
    return `  quiet-${i}: {module: ./quiet.mjs, args: ["${world.threads.get(i) ?? 0}"]}\n`;
  });
  return `version: 1\n\nmodules:\n${processes.join('')}${code.join('')}`;
}
