import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';
import { bring } from './bring.ts';

const missing = bring(['nginx', 'redis-server', 'python3']);
for (const [program, why] of Object.entries(missing)) if (why !== null) process.stderr.write(`${program} is not tested: ${why}\n`);

describe('real programs', () => {
  let place: Place;
  let ports: { nginx: number; redis: number; python: number };

  beforeAll(async () => {
    place = await createPlace();
    const [nginx, redis, python] = await Promise.all([freePort(), freePort(), freePort()]);
    ports = { nginx, redis, python };
    await place.write('nginx.conf', nginxConf('one'));
    await place.write('tmp/.keep', '');
    await place.write('site/index.html', 'static\n');
    const restart = { policy: 'always', backoff: { initial: '50ms' } };
    const modules = {
      nginx: {
        command: ['nginx', '-g', 'daemon off;', '-p', place.dir, '-c', 'nginx.conf'],
        env: { PATH: `${process.env.PATH}:/usr/sbin` },
        ready: { http: `http://127.0.0.1:${nginx}/` },
        ...{ restart, files: ['nginx.conf'], reloadSignal: 'SIGHUP', stopSignal: 'SIGQUIT' },
      },
      redis: {
        command: ['redis-server', '--bind', '127.0.0.1', '--port', redis, '--save', ''],
        ready: { tcp: `127.0.0.1:${redis}` },
        restart,
      },
      python: {
        command: ['python3', '-m', 'http.server', python, '--bind', '127.0.0.1'],
        cwd: 'site',
        ready: { http: `http://127.0.0.1:${python}/` },
        restart,
      },
    };
    const programs = { nginx: missing.nginx, redis: missing['redis-server'], python: missing.python3 };
    const there = Object.entries(modules).filter(([name]) => programs[name as keyof typeof programs] === null);
    await place.write('muster.yaml', JSON.stringify({ version: 1, policy: { watch: 'off' }, modules: Object.fromEntries(there) }));
    await place.up();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const pidOf = async (name: string): Promise<number> => (await place.module(name)).pid ?? 0;

  /** Kills a program and waits until another one runs in its place. */
  async function crashed(name: string): Promise<void> {
    const pid = await pidOf(name);
    process.kill(pid, 'SIGKILL');
    await until(async () => {
      const { state, restarts } = await place.module(name);
      return state === 'R' && restarts === 1;
    }, `${name} runs again`);
    expect(await place.module(name)).toMatchObject({ healthy: true, lastExit: { signal: 'SIGKILL' } });
    expect(await pidOf(name)).not.toBe(pid);
  }

  test.skipIf(missing.nginx)('nginx serves once it runs, and writes to /dev/stdout', async () => {
    expect(await get(ports.nginx)).toBe('one\n');
    await until(async () => (await place.muster('logs', 'nginx')).stdout.includes('"GET / HTTP/1.1" 200'), 'requests are logged');
  });

  test.skipIf(missing.nginx)('nginx goes on with the same pid and serves its new configuration', async () => {
    const pid = await pidOf('nginx');
    await place.write('nginx.conf', nginxConf('two'));
    const { result } = await place.reload();
    expect(result.changes.map(({ name, action, status, fields }) => [name, action, status, fields[0]?.path])).toEqual([
      ['nginx', 'reconfigure', 'ok', 'files'],
    ]);
    await until(async () => (await get(ports.nginx)) === 'two\n', 'it serves what is new');
    expect(await place.module('nginx')).toMatchObject({ pid, restarts: 0, state: 'R' });
  });

  test.skipIf(missing.nginx)('nginx whose first process is killed serves again: no worker of before holds its port', async () => {
    const { pids } = JSON.parse((await place.muster('stats', 'nginx')).stdout);
    expect(pids.length).toBeGreaterThan(1);
    await crashed('nginx');
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await get(ports.nginx)).toBe('two\n');
  });

  test.skipIf(missing['redis-server'])('redis answers once it runs, and again after a crash, without what it had in memory', async () => {
    expect(await redis('SET a 1')).toBe('+OK');
    expect(await redis('GET a')).toBe('$1');
    await crashed('redis');
    expect(await redis('GET a')).toBe('$-1');
    expect((await place.muster('logs', 'redis')).stdout).toContain('Ready to accept connections');
  });

  test.skipIf(missing.python3)('the server of python serves its folder, and again after a crash', async () => {
    expect(await get(ports.python)).toBe('static\n');
    await crashed('python');
    expect(await get(ports.python)).toBe('static\n');
    await until(async () => (await place.muster('logs', 'python')).stdout.includes('"GET / HTTP/1.1" 200'), 'requests are logged');
  });

  test('nothing of them is left when the daemon is stopped, and none has to be forced', async () => {
    const names = (await place.list()).map(({ name }) => name);
    const { stdout } = await place.muster('down');
    for (const name of names) expect(stdout).toContain(name);
    expect(stdout).not.toContain('by force');
    expect(await place.processes()).toEqual([]);
    for (const port of Object.values(ports)) await expect(get(port)).rejects.toThrow();
  });

  /** One worker, everything below the folder of the place. */
  function nginxConf(answer: string): string {
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((part) => `${part}_temp_path tmp;`).join(' ');
    const server = `server { listen 127.0.0.1:${ports.nginx}; location / { return 200 "${answer}\\n"; } }`;
    return `worker_processes 1; pid nginx.pid; error_log /dev/stderr; events {}
      http { access_log /dev/stdout; ${folders} ${server} }\n`;
  }

  /** The first line of the answer to a command. */
  function redis(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(ports.redis, '127.0.0.1', () => socket.write(`${command}\r\n`));
      socket.setEncoding('utf8').once('data', (chunk: string) => {
        resolve(chunk.split('\r\n')[0] ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }
});

/** Each connection is its own: one that is kept open would be the old worker's. */
async function get(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
}
