// The first file of a runner process: it starts and ends threads, and runs no code of modules itself.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../model/error.ts';
import type { FromRunner, ToRunner } from '../protocol.ts';
import { startThread, type Thread } from './thread.ts';

const realmFile = join(dirname(fileURLToPath(import.meta.url)), 'realm.cjs');
const threads = new Map<number, Thread>();

process.on('message', (message) => receive(message as ToRunner));
// The daemon is gone. A thread that blocks in a system call would hold up an orderly exit for ever.
process.on('disconnect', killOwnGroup);
// It is the daemon that says when a runner ends; a signal to the whole group, as from a terminal, is for the daemon.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

function receive(message: ToRunner): void {
  const { id } = message;
  switch (message.type) {
    case 'start':
      try {
        threads.set(id, startThread({ id, start: message.start, realmFile, send }));
      } catch (error) {
        const text = messageOf(error);
        send({ type: 'ended', id, code: 'EFAILED', ended: { code: null, signal: null, error: { message: text }, reason: text } });
      }
      break;
    case 'toRealm':
      threads.get(id)?.post(message.message);
      break;
    case 'kill':
      threads.get(id)?.kill();
      break;
    case 'wrote':
      threads.get(id)?.wrote(message.bytes);
      break;
  }
}

function send(message: FromRunner): void {
  if (message.type === 'ended') threads.delete(message.id);
  if (process.connected) process.send?.(message);
}

function killOwnGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}
