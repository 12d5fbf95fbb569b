import { fork } from 'node:child_process';
import { join } from 'node:path';
import { pipelined } from '../support/connection.mjs';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const many = 'module to module, 64 in flight / bare MessagePort, throughput';
const one = 'module to module, 1 in flight / bare MessagePort, throughput';
const apart = 'module to module of another runner, 64 in flight / bare MessagePort, throughput';
const socket = 'socket to thread module / bare echo of JSON lines, pipelined, throughput';
const events = 'events to 100 shared modules, deliveries';

const modules = join(import.meta.dirname, '../modules');
const subscribers = 100;

/** Threads of one runner talk over ports of their own; the bare port lies between the same asking thread and one without muster. */
export const messages = {
  rows: [many, one, apart, socket, events],
  async measure({ dir, quick, wants }) {
    const rows = [];
    const daemon = await startDaemon(join(dir, 'messages'), textOf());
    try {
      const ask = (method, count, inFlight) => daemon.request(`asker.${method}`, { count, inFlight });
      const far = (count, inFlight) => daemon.request('away.bus', { count, inFlight });
      if (wants(many)) rows.push(await ratio(many, 0.85, quick, quick ? 20_000 : 100_000, 64, ask));
      if (wants(one)) rows.push(await ratio(one, undefined, quick, quick ? 2000 : 10_000, 1, ask));
      if (wants(apart)) {
        const across = (method, count, inFlight) => (method === 'bus' ? far(count, inFlight) : ask(method, count, inFlight));
        rows.push(await ratio(apart, undefined, quick, quick ? 10_000 : 30_000, 64, across));
      }
      if (wants(socket)) rows.push(await overSocket(daemon, dir, quick));
      if (wants(events)) rows.push(await fanOut(daemon, quick));
      return rows;
    } finally {
      await daemon.stop();
    }
  },
};

async function ratio(what, bound, quick, count, inFlight, ask) {
  await ask('bus', Math.min(count, 2000), inFlight);
  const medians = await batches(quick ? 1 : 3, 5, [() => ask('bus', count, inFlight), () => ask('raw', count, inFlight)]);
  const [ours, theirs] = best(medians, ([slower, faster]) => slower / faster);
  const note = `${perSecond(count, ours)} / ${perSecond(count, theirs)}`;
  return row(what, {
    value: theirs / ours,
    ...(bound === undefined ? {} : { bound, atLeast: true }),
    n: `${medians.length} x 5 x ${count}`,
    note,
  });
}

async function overSocket(daemon, dir, quick) {
  const bareSocket = join(dir, 'bare-messages.sock');
  const bare = fork(join(import.meta.dirname, '../support/echo.mjs'), [bareSocket]);
  await new Promise((resolve) => bare.once('message', resolve));
  try {
    const count = quick ? 20_000 : 50_000;
    const inFlight = 256;
    const measure = (path) => pipelined(path, { topic: 'echo.it', count, inFlight });
    await Promise.all([measure(daemon.socket), measure(bareSocket)]);
    const medians = await batches(quick ? 1 : 3, 5, [() => measure(daemon.socket), () => measure(bareSocket)]);
    const [ours, theirs] = best(medians, ([slower, faster]) => slower / faster);
    const note = `${perSecond(count, ours)} / ${perSecond(count, theirs)}, ${inFlight} in flight`;
    return row(socket, { value: theirs / ours, bound: 0.4, atLeast: true, n: `${medians.length} x 5 x ${count}`, note });
  } finally {
    bare.kill();
  }
}

async function fanOut(daemon, quick) {
  const count = 1000;
  const rounds = quick ? 3 : 9;
  const medians = await batches(1, rounds, [() => daemon.request('asker.fanOut', { count, subscribers })]);
  const [[took]] = medians;
  return row(events, {
    value: (count * subscribers) / took,
    unit: ' k/s',
    n: `${rounds} x ${count}`,
    note: `${took.toFixed(0)} ms for ${count} events`,
  });
}

function perSecond(count, time) {
  return `${Math.round(count / time)} k/s`;
}

function textOf() {
  const listeners = Array.from(
    { length: subscribers },
    (_, i) => `  listener-${i}: {module: ${modules}/listener.mjs, isolation: shared}\n`,
  );
  return `version: 1
modules:
  asker: ${modules}/asker.mjs
  away: {module: ${modules}/asker.mjs, runner: away}
  echo: ${modules}/echo.mjs
${listeners.join('')}`;
}
