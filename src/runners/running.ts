import type { BusFromRunner, BusLink, BusPort, Packet } from '../model/bus.ts';
import type { Containment } from '../model/documents.ts';
import type { Fault } from '../model/driver.ts';
import type { Child, ProcessExit } from '../model/keeper.ts';
import type { Clock, Log, Timer } from '../model/ports.ts';
import { type Channel, createChannel } from './channel.ts';
import { connectRunner, type RunnerSockets } from './connect.ts';
import type { Frames } from './frames.ts';
import { open, seal } from './inside/seal.ts';
import type { FromHeld, FromRunner, ToHeld, ToRunner } from './protocol.ts';
import { createQuestions, type Questions } from './questions.ts';

/** What an instance in a runner hears of itself. */
export type OfInstance = Extract<FromRunner, { readonly id: number }>;

export interface Inhabitant {
  receive(message: OfInstance): void;
  /** The runner has ended, and every process of it is gone; `signal` is one that came from elsewhere. */
  gone(reason: string, signal: string | null, fault: Fault | undefined): void;
}

/** One life of a runner process, in which an instance lives. Nothing reaches it any more once it has ended. */
export interface Admitted {
  readonly link: BusLink;
  readonly pid: number;
  readonly containment: Containment;
  readonly cgroup: string | null;
  post(message: ToRunner): void;
  /** For one that was admitted and then not started. */
  leave(): void;
  readonly questions: Questions;
}

/** One life of a runner process. */
export interface Running {
  readonly lease: string;
  readonly path: string;
  readonly child: Child;
  readonly frames: Frames;
  readonly channel: Channel<ToRunner>;
  /** Another daemon has it. */
  left: boolean;
  readonly link: BusLink;
  readonly inhabitants: Map<number, Inhabitant>;
  readonly questions: Questions;
  post(message: ToRunner): void;
  empty: Timer | null;
  /** It sends nothing any more. */
  held(): void;
  /** Set once it has ended, or is about to. */
  ending: string | null;
  /** Because of one of its inhabitants, which knows that itself. */
  fault: 'another' | null;
}

/** By what one daemon hands it over to the next. */
export interface Address {
  /** Of its lease. */
  readonly lease: string;
  /** Of its socket. */
  readonly path: string;
}

export interface MeetOptions extends Address {
  readonly name: string;
  readonly child: Child;
  readonly sockets: RunnerSockets;
  readonly bus: BusPort;
  readonly clock: Clock;
  readonly log: Log;
  /** An inhabitant has left. */
  left(where: Running, id: number): void;
}

/** Connects to a runner that was started, or handed over. */
export async function meetRunner({ lease, path, name, child, sockets, bus, clock, log, left }: MeetOptions): Promise<Running> {
  const frames = await connectRunner({
    ...{ name, path, child, sockets, clock, log },
    receive: (messages) => {
      for (const message of messages) route(met, message, left);
    },
    isLeft: () => met.left,
  });
  const back = (failure: Packet): void => met.link.receive({ type: 'packets', packets: [failure] });
  const channel = createChannel<ToRunner>({
    send: frames.send,
    back,
    dropped() {}, // whoever published it has done so long ago
  });
  const link = bus.connect(
    {
      send(message) {
        if (message.type !== 'packets') channel.post(message);
        else for (const sealed of seal(message.packets, back)) channel.post(sealed);
      },
      open,
    },
    lease,
  );
  const met: Running = {
    ...{ lease, path, child, frames, channel, link },
    left: false,
    inhabitants: new Map(),
    questions: createQuestions({ post: channel.post, clock }),
    post: channel.post,
    empty: null,
    held() {},
    ending: null,
    fault: null,
  };
  return met;
}

function route(where: Running, message: FromRunner | FromHeld, left: MeetOptions['left']): void {
  switch (message.type) {
    case 'started':
    case 'output':
    case 'fromModule':
    case 'ended': {
      const inhabitant = where.inhabitants.get(message.id);
      if (message.type === 'ended') left(where, message.id);
      inhabitant?.receive(message);
      break;
    }
    case 'usage':
    case 'stats':
    case 'rusage':
      where.questions.answered(message);
      break;
    case 'held':
      where.held();
      break;
    default:
      // What modules say comes sealed: payloads for clients have been made JSON by that, and need not be looked into.
      if ((message as BusFromRunner).type !== 'packets') where.link.receive(message);
  }
}

/** It is to send nothing more; resolves when all that it has sent is here, or it has ended. */
export function holdRunner(found: Running): Promise<void> {
  return new Promise((resolve) => {
    found.held = resolve;
    found.frames.send([{ type: 'hold' } satisfies ToHeld]);
  });
}

export function resumeRunner({ frames }: Running): void {
  frames.send([{ type: 'resume' } satisfies ToHeld]);
}

/** Leaves one that holds to the next daemon. */
export async function leaveRunner(found: Running): Promise<void> {
  while (!found.channel.isEmpty()) await new Promise((resolve) => setImmediate(resolve));
  found.left = true;
  found.frames.end();
  await found.child.leave?.();
}

/** One that was handed over and cannot be found any more. */
export const nobody: Child = {
  ...{ pid: 0, containment: 'processGroup', cgroup: null, startedAt: 0, takenOver: true },
  exited: Promise.resolve({ code: null, signal: null }),
  signal() {},
  killTree: async () => {},
  limit: async () => {},
  keep() {},
};

export function describeExit({ code, signal, oom, failure }: ProcessExit): string {
  if (failure !== undefined) return failure.message;
  if (code === null && signal === null) return 'it was not there any more when another daemon came';
  if (oom === true) return 'memory ran out, and the kernel killed something of it (OOM)';
  return signal === null ? `exited with code ${code}` : `killed by ${signal}`;
}
