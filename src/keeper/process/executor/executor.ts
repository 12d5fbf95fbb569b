import { Worker } from 'node:worker_threads';
import type { ProcessExit } from '../../../model/keeper.ts';
import { mayEnter } from '../../cgroup/enter.ts';
import type { Executed, Executor } from '../../execute.ts';
import { asked, deaths, type ExecutorData, type FromExecutor, type ToExecutor } from './messages.ts';

/** What is known of one, until it is reaped. */
interface Waiting {
  resolve(executed: Executed): void;
  reject(error: unknown): void;
  exited(exit: ProcessExit): void;
  reaped(): void;
}

const youngMb = 2;
const oldMb = 64;

/** Executes programs in a thread of its own (`thread.ts`), for the sake of how they die. */
export function createExecutor(threadFile: string): Executor & { dispose(): void } {
  const wake = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const waiting = new Map<number, Waiting>();
  let count = 0;
  const worker = new Worker(threadFile, {
    workerData: { wake } satisfies ExecutorData,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb, maxOldGenerationSizeMb: oldMb },
  });
  worker.unref();
  worker.on('message', receive);
  process.on('SIGCHLD', died);

  return {
    mayJoin: mayEnter,
    execute(execution) {
      count += 1;
      const id = count;
      const executed = new Promise<Executed>((resolve, reject) => {
        waiting.set(id, { resolve, reject, exited() {}, reaped() {} });
      });
      worker.postMessage({ id, execution } satisfies ToExecutor);
      nudge();
      return executed;
    },
    dispose() {
      process.off('SIGCHLD', died);
      void worker.terminate();
    },
  };

  function died(): void {
    Atomics.add(wake, deaths, 1);
    nudge();
  }

  function nudge(): void {
    Atomics.add(wake, asked, 1);
    Atomics.notify(wake, asked);
  }

  function receive(message: FromExecutor): void {
    const { id } = message;
    const one = waiting.get(id);
    if (one === undefined) return;
    switch (message.type) {
      case 'executed': {
        const { pid, startTime } = message;
        const exited = new Promise<ProcessExit>((resolve) => (one.exited = resolve));
        const reaped = new Promise<void>((resolve) => (one.reaped = resolve));
        one.resolve({ pid, startTime, exited, reaped, pipes: [] });
        break;
      }
      case 'refused':
        waiting.delete(id);
        one.reject(Object.assign(new Error(message.message), { code: message.code }));
        break;
      case 'exited':
        one.exited(message.exit);
        break;
      case 'reaped':
        waiting.delete(id);
        one.reaped();
        break;
      default:
        message satisfies never;
    }
  }
}
