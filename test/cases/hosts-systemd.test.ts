import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, createPlace, until } from '../support/place.ts';

const config = `version: 1
modules:
  heartbeat: builtin:heartbeat
`;

/** Receives datagrams, which Node cannot; prints one line for each. */
const receiver = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(65536).decode().replace(chr(10), ' '), flush=True)
`;

const missing = ['python3', 'systemd-notify'].filter((program) => spawnSync(program, ['--version']).status !== 0);
if (missing.length > 0) process.stderr.write(`skipped: talking to a service manager; missing here: ${missing.join(', ')}\n`);

test.skipIf(missing.length > 0)(
  '25. the service manager is told READY, RELOADING and READY again, also when the new config is rejected, and MAINPID by the next daemon',
  { timeout: 60_000 },
  async () => {
    await using place = await createPlace(config);
    const socket = join(place.dir, 'notify');
    const manager = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    manager.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter((line) => line !== '')));
    try {
      await until(() => lines.includes('bound'), 'the receiver listens');
      const env = { ...process.env, MUSTER_STATE_DIR: place.stateDir, NOTIFY_SOCKET: socket };
      const daemon = spawn(process.execPath, [cli, 'up', '-c', join(place.dir, 'muster.yaml')], { env, stdio: 'ignore' });
      await until(() => lines.some((line) => line.startsWith('READY=1')), 'READY=1 was sent', 20_000);

      await place.write('muster.yaml', 'version: 1\nmodules: {heartbeat: {modul: x}}\n');
      daemon.kill('SIGHUP');
      await until(() => lines.filter((line) => line.startsWith('READY=1')).length === 2, 'READY=1 was sent again', 20_000);
      const told = lines.slice(1).map((line) => line.split(' ')[0]);
      expect(told).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
      expect(lines[2]).toMatch(/MONOTONIC_USEC=\d+/);
      expect(lines[3]).toMatch(/STATUS=.*config invalid at .*muster\.yaml:2:/);

      await place.write('muster.yaml', config);
      const exited = new Promise((resolve) => daemon.once('exit', resolve));
      const ran = await place.musterWith({ env: { NOTIFY_SOCKET: socket } }, 'up', '--replace', '-d', '-c', 'muster.yaml');
      expect([ran.code, await exited]).toEqual([0, 0]);
      await until(() => lines.filter((line) => line.startsWith('READY=1')).length === 3, 'the next one is ready', 20_000);
      const since = lines.slice(4).map((line) => line.split(' ')[0]);
      expect(since.filter((word) => word !== 'BARRIER=1')).toEqual([`MAINPID=${await place.pid()}`, 'READY=1']);

      await place.muster('down');
      await until(() => lines.some((line) => line.startsWith('STOPPING=1')), 'STOPPING=1 was sent');
    } finally {
      manager.kill();
    }
  },
);
