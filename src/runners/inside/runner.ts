// The first file of a runner process.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { createChannel } from '../channel.ts';
import { type FromRunner, listeningFd } from '../protocol.ts';
import { awaitDaemon } from './daemon.ts';
import { createHub } from './hub/hub.ts';

// The limit this process was started with is for its main thread; heaps that are made from now on are as V8 has them.
setFlagsFromString('--max-semi-space-size=0');

const here = dirname(fileURLToPath(import.meta.url));
const server = createServer().listen({ fd: listeningFd });
const daemon = awaitDaemon({
  server,
  receive: (message) => hub.receive(message),
  // A thread that blocks in a system call would hold up an orderly exit for ever.
  lost: killAll,
});
const channel = createChannel<FromRunner>({
  send: daemon.send,
  back: (failure) => hub.back(failure),
  dropped: (event) => hub.dropped(event),
});
const hub = createHub({ bootFile: join(here, 'boot.cjs'), realmFile: join(here, 'realm.cjs'), post: channel.post });

// It is the daemon that says when a runner ends; a signal to the whole group, as from a terminal, is for the daemon.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

/** Where it has a cgroup, with all that its modules have started. */
function killAll(): void {
  const { MUSTER_CGROUP: cgroup } = process.env;
  try {
    if (cgroup !== undefined) writeFileSync(join(cgroup, 'cgroup.kill'), '1');
  } catch {
    // Before Linux 5.14 the group is all that can be reached.
  }
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
