import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectTo } from './connection.mjs';

/** The built files under test. */
export const dist = process.env.MUSTER_DIST ?? join(import.meta.dirname, '../../../dist');
export const cli = join(dist, 'cli.cjs');

/**
 * Starts a daemon in a folder of its own. What its first run has to do may take as long as it takes.
 * `MUSTER_BENCH_NODE` holds more options for its node, such as `--cpu-prof`.
 */
export async function startDaemon(dir, text) {
  await mkdir(dir, { recursive: true });
  const config = join(dir, 'muster.yaml');
  const stateDir = join(dir, 'state');
  await writeFile(config, text);
  const env = { PATH: process.env.PATH, HOME: dir, MUSTER_STATE_DIR: stateDir, MUSTER_LOG_LEVEL: 'error' };
  const options = (process.env.MUSTER_BENCH_NODE ?? '').split(' ').filter(Boolean);
  const child = spawn(process.execPath, [...options, cli, 'up', '-c', config], { cwd: dir, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  // It prints its first result when the first run is done.
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), exited]);
  child.stdout.resume();
  const socket = join(stateDir, 'muster.sock');
  if (!existsSync(socket)) throw new Error('the daemon did not come up');
  const connection = await connectTo(socket);
  return {
    config,
    socket,
    pid: child.pid,
    env,
    request: connection.request,
    async stop() {
      connection.close();
      child.kill('SIGTERM');
      await exited;
    },
  };
}
