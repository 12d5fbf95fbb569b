// The keeper: the parent of all commands, so that they can outlive the daemon, and cannot where they are not to. It is started
// in the state dir, listens at `keeper.sock` there, and ends when neither a daemon nor a program needs it any more.
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Clock, Log } from '../../model/ports.ts';
import { cgroupsOf } from '../cgroup/contain.ts';
import { createFifoPool } from '../fifo-pool.ts';
import { leaveWord } from '../last-words.ts';
import { createLogs } from '../logs/logs.ts';
import { fifoFolder, keeperSocket } from '../places.ts';
import { leaseVariable } from '../proc.ts';
import type { LogLevel } from '../protocol.ts';
import { createExecutors } from './executors.ts';
import { closeInherited } from './inherited.ts';
import { createSentinel } from './sentinel.ts';
import { serveDaemons } from './serve.ts';
import { createWards } from './wards.ts';

closeInherited();

const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
const say =
  (level: LogLevel): Log['info'] =>
  (fields, message) =>
    daemons.tell({ type: 'log', level, fields: { ...fields }, message });
const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
const pool = createFifoPool(fifoFolder);
const owner = process.argv[3] ?? '';
const lease = process.env[leaseVariable] ?? '';
const sentinel = createSentinel({ pool, clock, log, lease, folder: cgroupsOf(owner) });
const executors = createExecutors({ threadFile: fileURLToPath(new URL('./executor.cjs', import.meta.url)), lease, clock, sentinel });
const wards = createWards({
  owner,
  pool,
  executorFor: executors.executorFor,
  sentinel,
  clock,
  log,
  logs: createLogs({ dir: 'log', clock, log }),
  tell: (message) => daemons.tell(message),
  deserted(ended) {
    if (ended.length > 0) leaveWord(ended);
    daemons.close();
  },
});
const daemons = serveDaemons({ wards, pool, sentinel, lease, answers: executors.answers, leave });

// Signals are for programs; the keeper ends with its daemon, or by force.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) process.on(signal, () => {});

rmSync(keeperSocket, { force: true });
const umask = process.umask(0o177); // that of the daemon is for the programs
const server = createServer((socket) => daemons.connected(socket));
server.listen(keeperSocket, () => {
  process.umask(umask);
  process.stdout.on('error', () => {}); // who waits for this may be gone
  process.stdout.write('listening\n', () => process.stdout.destroy());
});

/** Nothing is open any more but the socket, whose file goes with it. */
function leave(): void {
  server.close();
  executors.dispose();
  sentinel.dispose();
  pool.clear(new Set());
  rmSync('keeper.log', { force: true });
}
