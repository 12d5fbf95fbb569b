import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { messageOf } from '../model/error.ts';
import type { Child } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { createFrames, type Frames } from './frames.ts';
import type { FromHeld, FromRunner } from './protocol.ts';

/** Where runners listen. */
export interface RunnerSockets {
  /** Absolute; for the daemon's user alone. */
  readonly folder: string;
  dial(path: string): Promise<Socket>;
}

export interface ConnectOptions {
  readonly name: string;
  readonly path: string;
  readonly child: Child;
  readonly sockets: RunnerSockets;
  readonly clock: Clock;
  readonly log: Log;
  receive(messages: readonly (FromRunner | FromHeld)[]): void;
  /** Whether another daemon has it now. */
  isLeft(): boolean;
}

/** A process that ends closes its channel a little before; one that lives on without it can be told nothing any more. */
const channelMs = 500;

/** To a runner that was started; one that cannot be talked to is ended. */
export async function connectRunner({ name, path, child, sockets, clock, log, receive, isLeft }: ConnectOptions): Promise<Frames> {
  let exited = false;
  void child.exited.then(() => {
    exited = true;
    void rm(path, { force: true }).catch(() => {});
  });
  const socket = await sockets.dial(path).catch((error: unknown) => {
    cutOff(`cannot be talked to: ${messageOf(error)}`);
    return null;
  });
  if (socket === null) return unconnected;
  return createFrames(socket, {
    receive(messages) {
      if (!Array.isArray(messages)) throw new Error('it is no list');
      receive(messages);
    },
    closed(error) {
      if (isLeft()) return;
      if (error !== null) cutOff(`wrote what is no message to its channel: ${error.message}`);
      const late = clock.after(channelMs, () => cutOff('lives on without its channel'));
      void child.exited.then(() => late.cancel());
    },
  });

  function cutOff(why: string): void {
    if (exited) return;
    log.error({ runner: name, pid: child.pid, why }, 'a runner that cannot be reached any more is killed');
    void child.killTree();
  }
}

const unconnected: Frames = {
  send: (_, sent) => nowhere(sent),
  sendFrame: (_, sent) => nowhere(sent),
  end() {},
  destroy() {},
};

function nowhere(sent: () => void = () => {}): boolean {
  sent();
  return true;
}
