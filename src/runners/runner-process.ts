import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BusPort } from '../model/bus.ts';
import { canonicalJson } from '../model/canonical.ts';
import { MusterError } from '../model/error.ts';
import type { CgroupSpec } from '../model/fields/cgroup.ts';
import type { Child, Keeper, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import { barrier, programFiles } from './barrier.ts';
import type { RunnerSockets } from './connect.ts';
import type { Questions } from './questions.ts';
import {
  type Address,
  type Admitted,
  describeExit,
  holdRunner,
  type Inhabitant,
  leaveRunner,
  meetRunner,
  nobody,
  type Running,
  resumeRunner,
} from './running.ts';
import { createTail, type Tail } from './tail.ts';

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
  /** Of the process that runs. */
  lease(): string | null;
  /** Resolves when one that was handed over is connected. */
  ready(): Promise<void>;
  /** Where an instance lives that another daemon has started. */
  readmit(id: number, inhabitant: Inhabitant): Admitted;
  /** It is to send nothing more; resolves when all that it has sent is here. */
  hold(): Promise<void>;
  /** It is not handed over after all, or this is the daemon that it was handed over to. */
  resume(): void;
  /** Leaves it to the next daemon, after `hold`; null: there is none. */
  leave(): Promise<RunnerHeritage | null>;
  dispose(): Promise<void>;
}

/** A runner process, as one daemon hands it over to the next. */
export interface RunnerHeritage extends Address {
  readonly name: string;
  /** Whether it belongs to one module. */
  readonly alone: boolean;
  readonly contained: Contained | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** What is asked of a process beside what it runs. */
export type Contained = Pick<SpawnSpec, 'containment' | 'cgroup' | 'identity'>;

export interface RunnerOptions {
  readonly name: string;
  /** Of a process that belongs to one module: its wishes. */
  readonly contained?: Contained | undefined;
  readonly inherited?: RunnerHeritage;
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

/** Of the main thread alone, which lifts it for the threads: it holds little, and passes much on; with 2 that is no faster. */
const hubYoungMb = 1;
/** A runner that dies before anything is in it is tried again at once, but not for ever. */
const mostAttempts = 3;
/** What was unloaded may be loaded again; an idle process costs more memory than a start costs time. */
const emptyMs = 30_000;

export function createRunner({
  name,
  contained,
  inherited,
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
    const lease = random.id();
    const path = join(sockets.folder, `${lease.replaceAll('/', '-')}.sock`);
    const output = createTail();
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
      onOutput: wrote(output),
    });
    log.debug({ runner: name, pid: child.pid }, 'runner started');
    return await meet(child, { lease, path }, output);
  }

  /** One that cannot be found any more has ended. */
  async function inherit(from: RunnerHeritage): Promise<Running> {
    const output = createTail();
    const child = keeper.inherit?.(from.lease, { onOutput: wrote(output) }) ?? nobody;
    return meet(child, from, output);
  }

  function wrote(output: Tail): SpawnSpec['onOutput'] {
    return (stream, chunk) => {
      output.push(Uint8Array.from(chunk));
      log.warn({ runner: name, stream, text: Buffer.from(chunk).toString('utf8') }, 'runner wrote');
    };
  }

  async function meet(child: Child, { lease, path }: Address, output: Tail): Promise<Running> {
    const fresh = await meetRunner({ lease, path, name, child, sockets, bus, clock, log, left: leave });
    current = fresh;
    void child.exited.then((exit) => lost(fresh, exit, output.read()));
    return fresh;
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
    was.held();
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

  function admitted(found: Running, id: number, inhabitant: Inhabitant): Admitted {
    found.empty?.cancel();
    found.inhabitants.set(id, inhabitant);
    const { link, questions, post, child } = found;
    return { link, questions, post, pid: child.pid, containment: child.containment, cgroup: child.cgroup, leave: () => leave(found, id) };
  }

  if (inherited !== undefined) running = inherit(inherited);

  return {
    admit: async (id, inhabitant) => admitted(await alive(), id, inhabitant),
    readmit(id, inhabitant) {
      if (current === null) throw new Error(`the runner ${name} was not handed over`);
      return admitted(current, id, inhabitant);
    },
    lease: () => current?.lease ?? null,
    ready: async () => void (await running),
    async hold() {
      const found = await running?.catch(() => null);
      if (found == null || found.ending !== null) return;
      await holdRunner(found);
    },
    resume() {
      if (current !== null) resumeRunner(current);
    },
    async leave() {
      const found = current;
      if (found === null || found.ending !== null) return null;
      await leaveRunner(found);
      const { lease, path } = found;
      return { name, lease, path, alone: contained !== undefined, contained: contained && { ...contained, cgroup: limits }, env };
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
