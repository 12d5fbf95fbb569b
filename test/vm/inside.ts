// What runs in the virtual machine: limits that this machine's own kernel may not offer. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupDoc, CgroupValue, ModuleStats } from '../../src/model/documents.ts';
import type { Method, Params, Responses } from '../../src/model/methods.ts';
import type { Result } from '../../src/model/plan.ts';
import { connect } from '../../src/socket/client.ts';
import { check, report } from './check.ts';

const stateDir = '/tmp/state';
const config = '/tmp/muster.yaml';
/** So that it runs before it takes what it cannot have. */
const onceTold = 'until [ -e /tmp/go ]; do sleep 0.1; done';
const takes = 'dd if=/dev/zero of=/dev/null bs=100M count=1';
const scarce = { memoryMax: '32M', memorySwapMax: 0 };
const once = { restart: { policy: 'never' } };

const modules = {
  hog: { command: ['sh', '-c', `${onceTold}; exec ${takes}`], cgroup: scarce, ...once },
  parent: { command: ['sh', '-c', `${onceTold}; ${takes}; exit 3`], cgroup: scarce, ...once },
  family: { command: ['sh', '-c', `${onceTold}; ${takes}; exit 3`], cgroup: { ...scarce, memoryOomGroup: true }, ...once },
  forks: { command: ['sh', '-c', '(while :; do sleep 1000 & done) & exec sleep 1000'], cgroup: { pidsMax: 5 } },
  spins: { command: ['sh', '-c', 'while :; do :; done'], cgroup: { cpuMax: '20%', cpuWeight: 50 } },
  half: { command: ['sleep', '1000'], cgroup: { memoryMax: '50%', memoryHigh: '40%', memoryLow: '1M' } },
};
/** An emulated processor beside others' work: how soon anything starts is not what is tested. */
const defaults = { command: { startTimeout: '5m' } };
const write = (more: object = {}) => writeFileSync(config, JSON.stringify({ version: 1, defaults, modules: { ...modules, ...more } }));

write();
const up = spawnSync(process.execPath, ['/muster/cli.cjs', 'up', '-d', '-c', config, '--state-dir', stateDir], { encoding: 'utf8' });
process.stdout.write(`${up.stdout}${up.stderr}`);
const client = await connect({ path: `${stateDir}/muster.sock` });
const muster = async <M extends Method>(method: M, params: Params<M>): Promise<Responses[M]> =>
  (await client.request(`muster.${method}`, params)) as Responses[M];
const shown = async (name: string) => (await muster('cgroup', { name })) as CgroupDoc;
const file = async (name: string, key: string, value?: string) =>
  ((await muster('cgroup', { name, key, ...(value === undefined ? {} : { value }) })) as CgroupValue).value;
const statsOf = async (name: string) =>
  (await muster('stats', { name })) as ModuleStats & { pids: number[]; cgroup: Record<string, Record<string, number>> };
const endOf = async (name: string) => {
  for (;;) {
    const { state, lastExit } = await muster('info', { target: name });
    if (state === 'E' && lastExit != null) return lastExit;
    await sleep(200);
  }
};

await check('all keys are in effect, percentages of the memory of the machine', async () => {
  const { settings, statistics } = await shown('half');
  const pages = (share: number) => Math.floor((totalmem() * share) / 4096) * 4096;
  assert.equal(settings.memoryMax, pages(0.5));
  assert.equal(settings.memoryHigh, pages(0.4));
  assert.equal(settings.memoryLow, 1024 ** 2);
  assert.equal(typeof statistics['memory.current'], 'number');
  assert.equal((await shown('spins')).settings.cpuMax, '20000 100000');
  assert.equal((await shown('spins')).settings.cpuWeight, 50);
});

await check('what is written by hand is read back as the kernel has it', async () => {
  assert.equal(await file('half', 'memory.max', '12M'), '12582912');
  await assert.rejects(file('half', 'memory.max', 'much'), { code: 'EINVAL' });
});

await check('limits change while a program runs, and go back to what the kernel has', async () => {
  const before = await muster('info', { target: 'half' });
  write({ half: { ...modules.half, cgroup: { memoryMax: '64M', pidsMax: 7 } } });
  const { changes } = (await muster('reload', {})) as Result;
  assert.deepEqual(
    changes.map(({ name, action, status }) => [name, action, status]),
    [['half', 'reconfigure', 'ok']],
  );
  assert.deepEqual([await file('half', 'memory.max'), await file('half', 'pids.max')], [String(64 * 1024 ** 2), '7']);
  assert.deepEqual([await file('half', 'memory.high'), await file('half', 'memory.low')], ['max', '0']);
  assert.equal((await muster('info', { target: 'half' })).pid, before.pid);
});

await check('what cannot be executed is told by the shell of busybox too', async () => {
  const foreign = readFileSync('/bin/flock', 'latin1').replace('/ld-linux', '/ld-nobod');
  writeFileSync('/tmp/foreign', foreign, { encoding: 'latin1', mode: 0o755 });
  write({ foreign: { command: ['/tmp/foreign'], ready: { alive: '20s' }, ...once } });
  const change = ((await muster('reload', {})) as Result).changes.find(({ name }) => name === 'foreign');
  assert.deepEqual([change?.status, change?.error?.code], ['failed', 'ENOENT']);
  assert.match(change?.error?.message ?? '', /the loader it names is not/);
});

await check('no more processes than allowed are there', async () => {
  const refused = async () => (await statsOf('forks')).cgroup['pids.events']?.max ?? 0;
  while ((await refused()) === 0) await sleep(100);
  const stats = await statsOf('forks');
  assert.ok(stats.pids.length <= 5, `${stats.pids.length} processes`);
  assert.equal((await muster('info', { target: 'forks' })).state, 'R');
});

await check('no more of a processor than allowed is used', async () => {
  const used = async () => (await statsOf('spins')).cgroup['cpu.stat'] ?? {};
  const [from, began] = [await used(), Date.now()];
  await sleep(4000);
  const [to, ms] = [await used(), Date.now() - began];
  const share = ((to.usage_usec ?? 0) - (from.usage_usec ?? 0)) / 1000 / ms;
  assert.ok(share > 0.05 && share < 0.3, `it used ${share}`);
  assert.ok((to.nr_throttled ?? 0) > 0);
});

writeFileSync('/tmp/go', '');

await check('a program that is killed because memory ran out is told as such', async () => {
  const end = await endOf('hog');
  assert.deepEqual([end.signal, end.reason], ['SIGKILL', 'killed because memory ran out (OOM)']);
  assert.match(JSON.stringify(await muster('list', {})), /memory ran out/);
});

await check('so is one that outlives the child that was killed', async () => {
  assert.equal((await endOf('parent')).reason, 'exited with code 3, after memory ran out and something of it was killed (OOM)');
});

await check('with memoryOomGroup all of it goes together', async () => {
  assert.deepEqual([(await endOf('family')).signal, (await endOf('family')).code], ['SIGKILL', null]);
});

await check('nothing is left of modules and their cgroups', async () => {
  const path = (await shown('half')).path;
  await muster('down', {});
  while (existsSync(`${stateDir}/muster.sock`)) await sleep(100);
  assert.ok(!existsSync(path));
  assert.equal(readFileSync('/sys/fs/cgroup/cgroup.stat', 'utf8').split('\n')[0], 'nr_descendants 0');
});

client.close();
report();
