import { rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { MusterError, messageOf } from '../model/error.ts';
import { bindAt, descriptorOf, shortest } from './listening.ts';

/** One end of messages between a program and the daemon, whichever that is. */
export interface ProgramChannel {
  /** For the program. */
  readonly fd: number;
  /** The program has its descriptor, or is not to get it. */
  begun(): void;
  /** Nothing of the program is left. What it has said is passed on all the same. */
  close(): void;
}

/**
 * A program has one connection as long as it runs, and daemons come and go: what it says goes to the one that has connected last, and
 * waits while there is none. Bytes are passed on as they are, no faster than they are taken.
 */
export async function openProgramChannel(path: string): Promise<ProgramChannel> {
  const server = createServer({ pauseOnConnect: true });
  let near: Socket | null = null;
  try {
    await bindAt(server, path);
    // Whoever cannot be accepted comes again.
    server.on('error', () => {});
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const program = createConnection(shortest(path));
    near = program;
    await new Promise<void>((resolve, reject) => program.once('connect', resolve).on('error', reject));
    const relay = relayOf(await accepted);
    server.on('connection', relay.take);
    server.unref();
    program.unref();
    return {
      fd: descriptorOf(program),
      begun: () => void program.destroy(),
      close() {
        server.close();
        rmSync(shortest(path), { force: true });
        relay.close();
      },
    };
  } catch (error) {
    near?.destroy();
    server.close();
    rmSync(shortest(path), { force: true });
    throw new MusterError('EIO', `no channel can be made at ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function relayOf(program: Socket): { take(daemon: Socket): void; close(): void } {
  let daemon: Socket | null = null;
  program.unref();
  program.on('error', () => {});
  program.on('data', (chunk) => {
    if (daemon?.write(chunk) !== true) program.pause();
  });
  program.on('drain', () => daemon?.resume());
  program.on('close', () => daemon?.end());

  return {
    take(next) {
      daemon?.destroy();
      daemon = next;
      next.unref();
      next.on('error', () => {});
      next.on('drain', () => program.resume());
      next.on('data', (chunk) => {
        if (!program.write(chunk)) next.pause();
      });
      next.on('close', () => {
        if (daemon !== next) return;
        daemon = null;
        program.pause();
      });
      if (program.destroyed) {
        next.end();
        return;
      }
      next.resume();
      program.resume();
    },
    close() {
      // Its end comes after all that it has said; without a daemon nobody will take that.
      if (daemon === null) program.destroy();
    },
  };
}
