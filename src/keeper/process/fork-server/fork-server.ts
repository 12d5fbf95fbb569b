import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { type Deferred, deferred } from '../../../model/deferred.ts';
import type { ProcessExit } from '../../../model/keeper.ts';
import type { Clock } from '../../../model/ports.ts';
import { whenEnded } from '../../adopted.ts';
import { isFrozen } from '../../cgroup/enter.ts';
import { type Executed, type Executor, ExecutorLost } from '../../execute.ts';
import { createHeartbeat } from '../../heartbeat.ts';
import { bootId, leaseVariable, statOf } from '../../proc.ts';
import { signalName } from '../../signals.ts';
import { executeOrder, pingOrder, reapOrder } from './orders.ts';
import { bootstrap, program } from './program.ts';

/**
 * read, write, openat, close, fcntl, dup3, pipe2, rt_sigprocmask, setsid and waitid, from the tables of Linux
 * (`syscall_64.tbl`, `asm-generic/unistd.h`).
 */
const systemCalls: Partial<Record<NodeJS.Architecture, readonly number[]>> = {
  x64: [0, 1, 257, 3, 72, 292, 293, 14, 112, 247],
  arm64: [63, 64, 56, 57, 25, 24, 59, 135, 157, 95],
};

export interface ForkServerOptions {
  readonly perl: string;
  /** Of the keeper: whoever ends what a lost keeper left ends its fork server too. */
  readonly lease: string;
  readonly clock: Clock;
  /** It runs, leading a process group. */
  born(pid: number): void;
  /** It has ended by itself; what it started runs on. */
  lost(): void;
}

export interface ForkServer extends Executor {
  /** Resolves with its next answer, or when there is none any more. */
  answers(): Promise<void>;
  dispose(): void;
}

/** Misses of its heartbeat: less than the daemon has with the keeper, of which it is a part. */
const patience = 12;

/** A Perl that hangs is none. */
const longestStartMs = 5000;

interface Program {
  resolve(executed: Executed): void;
  reject(error: unknown): void;
  pid: number;
  startTime: string | null;
  readonly exit: Deferred<ProcessExit>;
  readonly reaped: Deferred<void>;
}

/**
 * A small process that forks and executes for this one, which is large, and does not wait for the exec meanwhile. It can hand on files
 * and pipes with a name, and no sockets. Resolves with null where it cannot run.
 */
export async function startForkServer({ perl, lease, clock, born, lost }: ForkServerOptions): Promise<ForkServer | null> {
  const numbers = systemCalls[process.arch];
  if (numbers === undefined) return null;
  const programs = new Map<string, Program>();
  const ready = deferred<boolean>();
  let count = 0;
  let rest = '';
  let isUp = false;
  const server = launch(perl, numbers, lease);
  server.once('error', ended).once('exit', ended);
  server.stdin.on('error', () => {}); // it is told as its end
  server.stdout.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) receive(line.split(' '));
  });
  const late = clock.after(longestStartMs, () => void server.kill('SIGKILL'));
  isUp = await ready.promise;
  late.cancel();
  if (!isUp) return null;
  born(server.pid as number);
  const heart = createHeartbeat({
    ...{ clock, patience },
    ask: () => void server.stdin.write(pingOrder),
    silent() {},
    hung: () => void server.kill('SIGKILL'),
  });

  return {
    mayJoin: (cgroup) => !isFrozen(cgroup),
    execute(execution) {
      count += 1;
      const id = String(count);
      return new Promise((resolve, reject) => {
        programs.set(id, { resolve, reject, pid: 0, startTime: null, exit: deferred(), reaped: deferred() });
        server.stdin.write(executeOrder(id, execution, process.pid));
      });
    },
    answers: async () => (isUp ? heart.answers() : undefined),
    dispose() {
      isUp = false;
      heart.stop();
      server.kill('SIGKILL'); // one that is stopped would not see the end of its input
    },
  };

  function receive([what, id = '', ...values]: string[]): void {
    if (what === 'ready') ready.resolve(true);
    else if (what === 'pong') heart.answered();
    const one = programs.get(id);
    if (one === undefined) return;
    const number = Number(values.at(-1));
    switch (what) {
      case 'executed':
        executed(one, number);
        break;
      case 'refused':
        programs.delete(id);
        one.reject(refusal(values[0] ?? '', number));
        break;
      case 'exited':
      case 'killed':
        one.exit.resolve(what === 'exited' ? { code: number, signal: null } : { code: null, signal: signalName(number) });
        server.stdin.write(reapOrder(id));
        break;
      case 'reaped':
        programs.delete(id);
        one.reaped.resolve();
        break;
    }
  }

  function executed(one: Program, pid: number): void {
    one.pid = pid;
    one.startTime = statOf(pid)?.startTime ?? null;
    one.resolve({ pid, startTime: one.startTime, exited: one.exit.promise, reaped: one.reaped.promise, pipes: [] });
  }

  /** What it started is nobody's child any more. */
  function ended(): void {
    ready.resolve(false);
    if (!isUp) return;
    isUp = false;
    heart.answered(); // nobody is to wait for it any more
    heart.stop();
    for (const { pid, startTime, reject, exit, reaped } of programs.values()) {
      if (pid === 0) reject(new ExecutorLost('the process that executes programs has ended'));
      else
        void whenEnded({ pid, startTime, bootId: bootId() }, clock).then((end) => {
          exit.resolve(end);
          reaped.resolve();
        });
    }
    programs.clear();
    lost();
  }
}

function launch(perl: string, numbers: readonly number[], lease: string): ChildProcessByStdio<Writable, Readable, null> {
  const child = spawn(perl, ['-e', bootstrap, '--', ...[Buffer.byteLength(program), process.pid, ...numbers].map(String)], {
    argv0: 'muster-fork-server',
    env: { [leaseVariable]: lease },
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.write(program);
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as typeof stream & { unref?(): void }).unref?.();
  return child;
}

/** What the system is short of, whatever it was asked for. */
const shortage = /^E(?:AGAIN|NOMEM|MFILE|NFILE|BADF|INVAL)$/;
const steps: Readonly<Record<string, string>> = {
  open: 'its descriptors cannot be opened',
  fork: 'no process can be forked',
  cgroup: 'its cgroup cannot be joined',
  cwd: 'its working folder cannot be entered',
};

/** With a code where that tells by itself what it is about. */
function refusal(step: string, errno: number): Error {
  const code = getSystemErrorName(-errno);
  const error = new Error(`${steps[step] ?? 'it cannot be executed'} (${code})`);
  return step === 'exec' || step === 'cwd' || shortage.test(code) ? Object.assign(error, { code }) : error;
}
