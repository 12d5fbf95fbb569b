import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { startDaemon } from '../support/daemon.mjs';
import { batches, best } from '../support/numbers.mjs';
import { rssKb } from '../support/proc.mjs';
import { row } from '../support/table.mjs';

const nameOf = (style) => `gateway, ${style}-style component / same handler on bare node:http, requests`;
const styles = ['request', 'fetch'];
const memory = 'memory per component of a gateway over 1,000, runner';

const modules = join(import.meta.dirname, '../modules');
/** Each connection has some requests under way, so that the client is not what is measured. */
const [connections, pipelining] = [32, 8];

/** Real clients that ask the gateway and a bare server in turn. */
export const gateway = {
  rows: [...styles.map(nameOf), memory],
  async measure({ dir, quick, wants }) {
    const rows = [];
    const served = styles.filter((style) => wants(nameOf(style)));
    if (served.length > 0) {
      await withDaemon(join(dir, 'gateway'), async (daemon) => {
        const port = await portOf(daemon);
        for (const style of served) rows.push(await ratio(style, port, quick));
      });
    }
    if (wants(memory)) await withDaemon(join(dir, 'many'), async (daemon) => void rows.push(await perComponent(daemon)));
    return rows;
  },
};

async function withDaemon(folder, fn) {
  const daemon = await startDaemon(folder, textOf(0));
  try {
    await fn(daemon);
  } finally {
    await daemon.stop();
  }
}

async function ratio(style, port, quick) {
  const bare = fork(join(import.meta.dirname, '../support/bare-http.mjs'));
  try {
    const barePort = await new Promise((resolve) => bare.once('message', resolve));
    const seconds = quick ? 1 : 3;
    const load = (at) => () => took(`http://127.0.0.1:${at}/${style}`, seconds);
    await Promise.all([load(port)(), load(barePort)()]);
    const medians = await batches(quick ? 1 : 3, 5, [load(port), load(barePort)]);
    const [ours, theirs] = best(medians, ([slower, faster]) => slower / faster);
    const note = `${perSecond(ours)} / ${perSecond(theirs)}, ${connections} connections`;
    return row(nameOf(style), { value: theirs / ours, bound: 0.7, atLeast: true, n: `${medians.length} x 5 x ${seconds} s`, note });
  } finally {
    bare.kill();
  }
}

/** ms per request. */
async function took(url, seconds) {
  const result = await autocannon({ url, duration: seconds, connections, pipelining });
  const wrong = result.errors + result.non2xx + result.resets;
  if (wrong > 0 || result['2xx'] === 0) throw new Error(`${url}: ${wrong} failed, ${result['2xx']} were answered`);
  return (result.duration * 1000) / result['2xx'];
}

async function perComponent(daemon) {
  const count = 1000;
  const { modules: list } = await daemon.request('muster.list');
  const { pid } = list.find(({ name }) => name === 'gateway');
  await change(daemon, 20);
  await sleep(1000);
  const before = rssKb(pid);
  await change(daemon, 20 + count);
  await sleep(1000);
  return row(memory, { value: (rssKb(pid) - before) / count, bound: 20, unit: ' kB', n: 1, note: 'resident memory' });
}

async function change(daemon, count) {
  await writeFile(daemon.config, textOf(count));
  const result = await daemon.request('muster.reconcile');
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}: ${JSON.stringify(result.diagnostics)}`);
}

async function portOf(daemon) {
  const { modules: list } = await daemon.request('muster.list');
  return Number(/:(\d+)$/.exec(list.find(({ name }) => name === 'gateway').status.message)[1]);
}

function perSecond(ms) {
  return `${(1 / ms).toFixed(1)} k/s`;
}

function textOf(count) {
  const more = Array.from({ length: count }, (_, at) => `  gateway.c${at}: ${modules}/web.mjs\n`);
  return `version: 1
modules:
  gateway: {module: builtin:gateway, config: {listen: "127.0.0.1:0"}}
  gateway.request: ${modules}/web.mjs
  gateway.fetch: {module: ${modules}/web.mjs, config: {style: fetch}}
${more.join('')}`;
}
