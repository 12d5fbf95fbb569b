// What runs in the virtual machine that has systemd: the unit as `muster init systemd` prints it. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, report } from './check.ts';

const config = '/etc/muster.yaml';
const stateDir = '/var/state';
/** An emulated processor: how soon anything starts is not what is tested. */
const defaults = { command: { startTimeout: '5m' }, code: { startTimeout: '5m' } };
const longestMs = 120_000;
const modules = {
  plain: { command: ['sleep', '1001'] },
  leaves: { command: ['sh', '-c', '(setsid sleep 1002 &) ; exec sleep 1003'] },
  code: { module: 'builtin:heartbeat' },
};
const write = (more: object = {}) =>
  writeFileSync(config, `${JSON.stringify({ version: 1, defaults, modules: { ...modules, ...more } })}\n`);

function run(file: string, ...args: string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}`.trim() };
}
function done(file: string, ...args: string[]): string {
  const { code, text } = run(file, ...args);
  assert.equal(code, 0, `${file} ${args.join(' ')} exited ${code}: ${text}\n${run('journalctl', '-n', '40', '--no-pager').text}`);
  return text;
}
const systemctl = (...args: string[]): string => done('systemctl', ...args);
const shown = (property: string): string => systemctl('show', '--value', '-p', property, 'muster');
const mainPid = (): number => Number(shown('MainPID'));

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + longestMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain\n${run('systemctl', 'status', '--no-pager', '-n', '40', 'muster').text}`);
    await sleep(200);
  }
}

interface Listed {
  readonly name: string;
  readonly state: string;
  readonly pid: number | null;
}
function listed(): Record<string, Listed> {
  const text = done('node', '/muster/cli.cjs', 'list', '--state-dir', stateDir, '--json');
  const { modules: all } = JSON.parse(text) as { modules: readonly Listed[] };
  return Object.fromEntries(all.map((module) => [module.name, module]));
}
const pids = (): (number | null | undefined)[] => ['plain', 'leaves', 'code'].map((name) => listed()[name]?.pid);
/** Processes of the programs above, by their command line. */
const sleeping = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && /^sleep 100[123] $/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '));
      } catch {
        return false;
      }
    });

write();
writeFileSync(
  '/etc/systemd/system/muster.service',
  done('node', '/muster/cli.cjs', 'init', 'systemd', '-c', config, '--state-dir', stateDir),
);

await check('it is started when all has its state R, as the daemon says of itself', async () => {
  systemctl('daemon-reload');
  systemctl('start', 'muster');
  assert.deepEqual([shown('ActiveState'), shown('SubState')], ['active', 'running']);
  assert.deepEqual(
    Object.values(listed()).map(({ state }) => state),
    ['R', 'R', 'R'],
  );
  assert.match(shown('StatusText'), /3/);
  assert.equal(readFileSync(`${stateDir}/lock`, 'utf8').includes(String(mainPid())), true);
  assert.equal(sleeping().length, 3);
});

await check('modules are in cgroups below that of the unit', async () => {
  const { pid } = listed().plain ?? {};
  assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), /^0::\/system\.slice\/muster\.service\/.*plain$/m);
});

await check('systemctl reload puts another daemon in its place, which has the config of now, and all that runs goes on', async () => {
  const [before, daemon] = [pids(), mainPid()];
  write({ late: { command: ['sleep', '1004'] } });
  systemctl('reload', 'muster');
  assert.notEqual(mainPid(), daemon);
  assert.deepEqual(pids(), before);
  assert.equal(listed().late?.state, 'R');
  assert.deepEqual([shown('ActiveState'), shown('SubState'), shown('NRestarts')], ['active', 'running', '0']);
});

await check('a reload with a config that does not hold fails, and the daemon goes on', async () => {
  const [before, daemon] = [pids(), mainPid()];
  writeFileSync(config, 'version: 1\nmodules: [\n');
  assert.notEqual(run('systemctl', 'reload', 'muster').code, 0);
  assert.deepEqual([mainPid(), shown('ActiveState')], [daemon, 'active']);
  assert.deepEqual(pids(), before);
  write();
});

await check('SIGHUP reads the config again, and systemd hears when that is done', async () => {
  const [before, daemon] = [pids(), mainPid()];
  systemctl('kill', '-s', 'HUP', '--kill-whom=main', 'muster');
  await until(() => listed().late === undefined && shown('ActiveState') === 'active');
  assert.deepEqual([mainPid(), pids()], [daemon, before]);
});

await check('a daemon that is killed leaves nothing, and is started again', async () => {
  const [before, daemon] = [sleeping(), mainPid()];
  process.kill(daemon, 'SIGKILL');
  await until(() => shown('NRestarts') === '1' && shown('SubState') === 'running');
  const now = sleeping();
  assert.deepEqual([now.length, now.filter((pid) => before.includes(pid))], [3, []]);
  assert.notEqual(mainPid(), daemon);
});

await check('systemctl restart stops all of it in order and starts it again', async () => {
  const [before, daemon] = [sleeping(), mainPid()];
  systemctl('restart', 'muster');
  const now = sleeping();
  assert.deepEqual([now.length, now.filter((pid) => before.includes(pid))], [3, []]);
  assert.notEqual(mainPid(), daemon);
  assert.equal(shown('Result'), 'success');
});

await check('systemctl stop leaves nothing', async () => {
  systemctl('stop', 'muster');
  assert.deepEqual([sleeping(), shown('ActiveState'), shown('Result')], [[], 'inactive', 'success']);
});

report();
