import { existsSync } from 'node:fs';
import type { Containment } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Child, Keeper, ProcessExit } from '../model/keeper.ts';
import type { Log, Random } from '../model/ports.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import { createTail } from './tail.ts';

/** What an instance in a runner hears. */
export interface Inhabitant {
  receive(message: FromRunner): void;
  /** The runner has ended, and every process of it is gone. */
  gone(reason: string): void;
}

/** A runner process: started when first needed, started anew when needed after it died. */
export interface RunnerProcess {
  /** Starts the process if there is none; the messages go to the one in which the inhabitant lives. Rejects if there can be none. */
  admit(id: number, inhabitant: Inhabitant): Promise<(message: ToRunner) => void>;
  /** For one that was admitted and then not started. */
  leave(id: number): void;
  /** Ends the process with all threads in it. */
  kill(reason: string): void;
  pid(): number | null;
  containment(): Containment | null;
  dispose(): Promise<void>;
}

export interface RunnerOptions {
  readonly name: string;
  readonly keeper: Keeper;
  readonly runnerFile: string;
  /** Complete. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly random: Random;
  readonly log: Log;
}

interface Running {
  readonly child: Child;
  readonly inhabitants: Map<number, Inhabitant>;
  /** Set once it has ended, or is about to. */
  ending: string | null;
}

/** A runner that dies before anything is in it is tried again at once, but not for ever. */
const mostAttempts = 3;

export function createRunner({ name, keeper, runnerFile, env, cwd, random, log }: RunnerOptions): RunnerProcess {
  let running: Promise<Running> | null = null;
  let current: Running | null = null;
  let leaving: Promise<void> = Promise.resolve();
  let disposed = false;

  async function spawn(): Promise<Running> {
    await leaving;
    const inhabitants = new Map<number, Inhabitant>();
    const output = createTail();
    const child = await keeper.spawn({
      lease: random.id(),
      name: `runner:${name}`,
      argv: [process.execPath, runnerFile],
      cwd: existsSync(cwd) ? cwd : '/', // a folder that was removed meanwhile is no reason to run nothing
      env,
      ipc: true,
      onOutput(stream, chunk) {
        output.push(chunk);
        log.warn({ runner: name, stream, text: Buffer.from(chunk).toString('utf8') }, 'runner wrote');
      },
      onMessage: (message) => route(inhabitants, message as FromRunner),
    });
    log.debug({ runner: name, pid: child.pid }, 'runner started');
    const fresh: Running = { child, inhabitants, ending: null };
    current = fresh;
    void child.exited.then((exit) => lost(fresh, exit, output.read()));
    return fresh;
  }

  /** The old process is really gone before anyone hears of it, so that nothing runs twice. */
  function lost(was: Running, exit: ProcessExit, output: readonly string[]): void {
    const last = output.findLast((line) => line.includes('FATAL')) ?? null;
    const reason = `its runner ended: ${was.ending ?? describeExit(exit)}${last === null ? '' : ` (${last})`}`;
    log[disposed || was.inhabitants.size === 0 ? 'debug' : 'warn'](
      { runner: name, pid: was.child.pid, ...exit, modules: was.inhabitants.size },
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
      for (const inhabitant of was.inhabitants.values()) inhabitant.gone(reason);
      was.inhabitants.clear();
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

  function kill(reason: string): void {
    if (current === null || current.ending !== null) return;
    current.ending = reason;
    void current.child.killTree();
  }

  return {
    async admit(id, inhabitant) {
      const found = await alive();
      found.inhabitants.set(id, inhabitant);
      return (message) => {
        if (found === current) found.child.send(message);
      };
    },
    leave: (id) => void current?.inhabitants.delete(id),
    kill,
    pid: () => current?.child.pid ?? null,
    containment: () => current?.child.containment ?? null,
    async dispose() {
      disposed = true;
      await running?.catch(() => {}); // one that is being started would outlive this
      const was = current;
      kill('the daemon ends');
      await was?.child.exited;
      await leaving;
    },
  };
}

function route(inhabitants: Map<number, Inhabitant>, message: FromRunner): void {
  const inhabitant = inhabitants.get(message.id);
  if (message.type === 'ended') inhabitants.delete(message.id);
  inhabitant?.receive(message);
}

function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exited with code ${code}` : `killed by ${signal}`;
}
