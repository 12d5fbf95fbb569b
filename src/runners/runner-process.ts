import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BusFromRunner, BusLink, BusPort, Packet } from '../model/bus.ts';
import { canonicalJson } from '../model/canonical.ts';
import type { Containment } from '../model/documents.ts';
import type { Fault } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { CgroupSpec } from '../model/fields/cgroup.ts';
import type { Child, Keeper, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log, Random, Timer } from '../model/ports.ts';
import { barrier, programFiles } from './barrier.ts';
import { createChannel } from './channel.ts';
import { connectRunner, type RunnerSockets } from './connect.ts';
import type { Frames } from './frames.ts';
import { open, seal } from './inside/seal.ts';
import type { FromHeld, FromRunner, ToRunner } from './protocol.ts';
import { createQuestions, type Questions } from './questions.ts';
import { createTail } from './tail.ts';

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

/** A runner process: started when first needed, ended when long empty, started anew when needed after that. */
export interface RunnerProcess {
  /** Starts the process if there is none. Rejects if there can be none. */
  admit(id: number, inhabitant: Inhabitant): Promise<Admitted>;
  /** Whether it may read the state dir; else it has to be given the code of its modules. */
  readonly readsCode: boolean;
  /** What is asked of the process that runs; null where none does. */
  questions(): Questions | null;
  /** Puts other limits into effect; rejects where they are refused, and then nothing has changed. */
  limit(cgroup: CgroupSpec | undefined): Promise<void>;
  /** Ends the process with all threads in it, because of one of them. */
  kill(reason: string): void;
  dispose(): Promise<void>;
}

/** What is asked of a process beside what it runs. */
export type Contained = Pick<SpawnSpec, 'containment' | 'cgroup' | 'identity'>;

export interface RunnerOptions {
  readonly name: string;
  /** Of a process that belongs to one module: its wishes. */
  readonly contained?: Contained | undefined;
  readonly keeper: Keeper;
  readonly sockets: RunnerSockets;
  readonly runnerFile: string;
  /** Complete. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly bus: BusPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Running {
  readonly child: Child;
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

/** Of the main thread alone, which lifts it for the threads: it holds little, and passes much on; with 2 that is no faster. */
const hubYoungMb = 1;
/** A runner that dies before anything is in it is tried again at once, but not for ever. */
const mostAttempts = 3;
/** What was unloaded may be loaded again; an idle process costs more memory than a start costs time. */
const emptyMs = 30_000;

export function createRunner({
  name,
  contained,
  keeper,
  sockets,
  runnerFile,
  env,
  cwd,
  bus,
  clock,
  random,
  log,
}: RunnerOptions): RunnerProcess {
  let running: Promise<Running> | null = null;
  let current: Running | null = null;
  let leaving: Promise<void> = Promise.resolve();
  let limits = contained?.cgroup;
  const identity = contained?.identity;
  let disposed = false;

  async function spawn(): Promise<Running> {
    await leaving;
    const output = createTail();
    let receive: (messages: readonly (FromRunner | FromHeld)[]) => void = () => {};
    const lease = random.id();
    const path = join(sockets.folder, `${lease.replaceAll('/', '-')}.sock`);
    const child = await keeper.spawn({
      lease,
      name: `runner:${name}`,
      argv: [process.execPath, `--max-semi-space-size=${hubYoungMb}`, runnerFile],
      cwd: existsSync(cwd) ? cwd : '/', // a folder that was removed meanwhile is no reason to run nothing
      env,
      containment: contained?.containment ?? 'auto', // what a module spawns goes with its runner
      cgroup: limits,
      ...(identity === undefined ? {} : { identity }),
      listen: path,
      onOutput(stream, chunk) {
        output.push(chunk);
        log.warn({ runner: name, stream, text: Buffer.from(chunk).toString('utf8') }, 'runner wrote');
      },
    });
    log.debug({ runner: name, pid: child.pid }, 'runner started');
    const frames = await connectRunner({ name, path, child, sockets, clock, log, receive: (messages) => receive(messages) });
    const fresh = connected(child, frames);
    receive = (messages) => {
      for (const message of messages) route(fresh, message);
    };
    current = fresh;
    void child.exited.then((exit) => lost(fresh, exit, output.read()));
    return fresh;
  }

  function connected(child: Child, frames: Frames): Running {
    const back = (failure: Packet): void => fresh.link.receive({ type: 'packets', packets: [failure] });
    const channel = createChannel<ToRunner>({
      send: frames.send,
      back,
      dropped() {}, // whoever published it has done so long ago
    });
    const fresh: Running = {
      child,
      link: bus.connect({
        send(message) {
          if (message.type !== 'packets') channel.post(message);
          else for (const sealed of seal(message.packets, back)) channel.post(sealed);
        },
        open,
      }),
      inhabitants: new Map(),
      questions: createQuestions({ post: channel.post, clock }),
      post: channel.post,
      empty: null,
      held() {},
      ending: null,
      fault: null,
    };
    return fresh;
  }

  function route(where: Running, message: FromRunner | FromHeld): void {
    switch (message.type) {
      case 'started':
      case 'output':
      case 'fromModule':
      case 'ended': {
        const inhabitant = where.inhabitants.get(message.id);
        if (message.type === 'ended') leave(where, message.id);
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

  function leave(where: Running, id: number): void {
    where.inhabitants.delete(id);
    if (where.inhabitants.size > 0 || where.ending !== null) return;
    where.empty?.cancel();
    where.empty = clock.after(emptyMs, () => {
      if (where.inhabitants.size === 0) end(where, 'nothing lives in it');
    });
  }

  /** The old process is really gone before anyone hears of it, so that nothing runs twice. */
  function lost(was: Running, exit: ProcessExit, output: readonly string[]): void {
    const last = output.findLast((line) => line.includes('FATAL')) ?? null;
    const barred = was.ending === null && identity !== undefined ? barrier(identity, programFiles(runnerFile)) : null;
    const reason = `its runner ended: ${was.ending ?? describeExit(exit)}${last === null ? '' : ` (${last})`}${barred === null ? '' : `; ${barred}`}`;
    const signal = was.ending === null ? exit.signal : null;
    const fault = was.fault ?? (was.inhabitants.size > 1 ? 'unknown' : undefined);
    was.ending ??= reason;
    was.empty?.cancel();
    log[disposed || was.inhabitants.size === 0 ? 'debug' : 'warn'](
      { runner: name, pid: was.child.pid, ...exit, modules: was.inhabitants.size, reason },
      'runner ended',
    );
    if (current === was) {
      current = null;
      running = null;
    }
    const gone = was.child.killTree();
    leaving = Promise.all([leaving, gone]).then(
      () => {},
      () => {},
    );
    void leaving.then(() => {
      for (const inhabitant of was.inhabitants.values()) inhabitant.gone(reason, signal, fault);
      was.inhabitants.clear();
      was.link.close();
      was.questions.close(reason);
    });
  }

  async function alive(): Promise<Running> {
    for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
      if (disposed) throw new MusterError('ECANCELED', `the runner ${name} is closed`);
      running ??= spawn();
      const attempt = running;
      try {
        const found = await attempt;
        if (found === current && found.ending === null) return found;
        await found.child.exited;
      } catch (error) {
        if (running === attempt) running = null;
        throw error;
      }
    }
    throw new MusterError('EFAILED', `the runner ${name} ends as soon as it starts`);
  }

  function end(which: Running, reason: string): void {
    if (which.ending !== null) return;
    which.ending = reason;
    void which.child.killTree();
  }

  return {
    async admit(id, inhabitant) {
      const found = await alive();
      found.empty?.cancel();
      found.inhabitants.set(id, inhabitant);
      const { link, questions, post, child } = found;
      return { link, questions, post, pid: child.pid, containment: child.containment, cgroup: child.cgroup, leave: () => leave(found, id) };
    },
    readsCode: identity === undefined,
    questions: () => current?.questions ?? null,
    async limit(cgroup) {
      if (canonicalJson(cgroup) === canonicalJson(limits)) return;
      await current?.child.limit(cgroup);
      limits = cgroup;
    },
    kill(reason) {
      if (current === null) return;
      current.fault = 'another';
      end(current, reason);
    },
    async dispose() {
      disposed = true;
      await running?.catch(() => {}); // one that is being started would outlive this
      const was = current;
      if (was !== null) end(was, 'the daemon ends');
      await was?.child.exited;
      await leaving;
    },
  };
}

function describeExit({ code, signal, oom, failure }: ProcessExit): string {
  if (failure !== undefined) return failure.message;
  if (oom === true) return 'memory ran out, and the kernel killed something of it (OOM)';
  return signal === null ? `exited with code ${code}` : `killed by ${signal}`;
}
