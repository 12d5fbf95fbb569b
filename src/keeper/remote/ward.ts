import { join } from 'node:path';
import { deferred } from '../../model/deferred.ts';
import type { Child, Held, Kept, ProcessExit, SpawnSpec } from '../../model/keeper.ts';
import type { Clock, Log } from '../../model/ports.ts';
import { readFifo } from '../fifo-reader.ts';
import type { Pumped } from '../output.ts';
import type { ToKeeper } from '../protocol.ts';
import { signalNumber } from '../signals.ts';

/** Who takes what a program writes. */
export type Receiver = Pick<SpawnSpec, 'onOutput' | 'onNotice'>;

export interface WardPorts {
  readonly fifoDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** To the keeper that is there, now or soon. */
  send(message: ToKeeper): void;
  limit(id: string, cgroup: Parameters<Child['limit']>[0]): Promise<void>;
  /** What another keeper or daemon would have to know of it has changed. */
  changed(held: Held): void;
  /** Its tree is gone and its output was read. */
  over(id: string): void;
}

/** A program in the care of the keeper, as the daemon has it. */
export interface Ward {
  readonly held: Held;
  readonly child: Child;
  /** Says again to another keeper what the lost one was told. */
  repeat(): void;
  /** Nobody is to have it: the keeper stops it as it is to be stopped, and writes its output to its log. Idempotent. */
  stop(): Promise<void>;
  /** It is left to the next daemon (`Child.leave`). */
  readonly left: boolean;
  /** Begins to read what it writes. */
  attend(receiver: Receiver): void;
  exited(exit: ProcessExit): void;
  gone(): void;
}

export function createWard(initial: Held, takenOver: boolean, ports: WardPorts): Ward {
  const { fifoDir, clock, log, send } = ports;
  const { id, pid, containment, cgroup, fifos, startedAt } = initial;
  let held = initial;
  let pipes: readonly Pumped[] = [];
  let killing: Promise<void> | null = null;
  let asked: 'killTree' | 'stop' = 'killTree';
  let isGone = false;
  let left = false;
  const exit = deferred<ProcessExit>();
  const gone = deferred<void>();

  return {
    get held() {
      return held;
    },
    get left() {
      return left;
    },
    repeat() {
      if (killing !== null) send({ type: asked, id });
    },
    stop() {
      if (killing === null) asked = 'stop';
      killing ??= end();
      return killing;
    },
    attend({ onOutput, onNotice }) {
      if (isGone) return; // its keeper has read all of it
      pipes = [
        ...read(fifos.stdout, (chunk) => onOutput('stdout', chunk)),
        ...read(fifos.stderr, (chunk) => onOutput('stderr', chunk)),
        ...read(fifos.notice, (chunk) => onNotice?.(chunk)),
      ];
    },
    exited(how) {
      // The keeper tells the next daemon too.
      if (!left) exit.resolve(how);
    },
    gone() {
      isGone = true;
      gone.resolve();
    },
    child: {
      lease: id,
      pid,
      containment,
      cgroup,
      startedAt,
      takenOver,
      exited: exit.promise,
      signal(signal) {
        signalNumber(signal); // refused right here
        send({ type: 'signal', id, signal });
      },
      killTree() {
        killing ??= end();
        return killing;
      },
      async limit(limits) {
        await ports.limit(id, limits);
        change({ ...held, limits });
      },
      keep(as: Kept | null) {
        if (JSON.stringify(as) === JSON.stringify(held.kept)) return;
        send({ type: 'keep', id, as });
        change({ ...held, kept: as });
      },
      async leave() {
        left = true;
        await Promise.all(pipes.map((pipe) => pipe.leave()));
      },
    },
  };

  function change(to: Held): void {
    const wasKept = held.kept !== null;
    held = to;
    if (wasKept || held.kept !== null) ports.changed(held);
  }

  async function end(): Promise<void> {
    send({ type: asked, id });
    await gone.promise;
    const read = await Promise.all(pipes.map((pipe) => pipe.finish()));
    send({ type: 'release', id, clean: read.every((clean) => clean) });
    ports.over(id);
  }

  function read(name: string | undefined, deliver: (chunk: Uint8Array) => void | Promise<void>): Pumped[] {
    if (name === undefined) return [];
    try {
      return [readFifo(join(fifoDir, name), deliver, { clock, log })];
    } catch (error) {
      log.error({ name: held.name, pid, err: error }, 'the output of a program cannot be read');
      return [];
    }
  }
}
