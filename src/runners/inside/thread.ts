import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Ended } from '../../model/driver.ts';
import { type ErrorCode, messageOf } from '../../model/error.ts';
import { type FromRealm, type FromRunner, outputWindow, type Posted, type Start, type Thrown, type ToRealm } from '../protocol.ts';

/** One worker thread with its realm, as the runner's main thread sees it. */
export interface Thread {
  post(message: ToRealm): void;
  /** Ends it in the middle of whatever it does. What blocks in a system call cannot be ended so. */
  kill(): void;
  /** Output that has arrived. */
  wrote(bytes: number): void;
}

export interface ThreadOptions {
  readonly id: number;
  readonly start: Start;
  readonly realmFile: string;
  send(message: FromRunner): void;
}

const bytesPerMegabyte = 1024 ** 2;

/** Starts it; `ended` is the last message it sends. Throws if there can be no such thread. */
export function startThread({ id, start, realmFile, send }: ThreadOptions): Thread {
  const worker = new Worker(realmFile, {
    workerData: start,
    argv: [...start.args],
    env: { ...start.env },
    execArgv: [],
    stdout: true,
    stderr: true,
    name: start.name,
    ...(start.maxHeap === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.max(start.maxHeap / bytesPerMegabyte, 4) } }),
  });
  const output = forward(worker, (stream, chunk) => send({ type: 'output', id, stream, chunk }));
  let settled: { reason: string; thrown: Thrown | null } | null = null;
  let killed = false;
  let failure: unknown = null;

  send({ type: 'started', id, threadId: worker.threadId });
  worker.on('message', (posted: unknown) => {
    const message = fromRealm(posted);
    if (message === null) return;
    if (message.type === 'settled') settled = message;
    else send({ type: 'fromRealm', id, message });
  });
  worker.on('error', (error) => {
    failure = error;
  });
  worker.on('exit', async (exitCode) => {
    await output.drained();
    send({ type: 'ended', id, ...endOf({ settled, killed, failure, exitCode }) });
  });
  return {
    post: (message) => worker.postMessage(message),
    kill() {
      killed = true;
      void worker.terminate();
    },
    wrote: output.wrote,
  };
}

/** Null for what the module itself or a library of it posted to nobody. */
function fromRealm(posted: unknown): FromRealm | null {
  return (posted as Posted | null)?.muster ?? null;
}

interface End {
  settled: { reason: string; thrown: Thrown | null } | null;
  killed: boolean;
  failure: unknown;
  exitCode: number;
}

function endOf({ settled, killed, failure, exitCode }: End): { ended: Ended; code: ErrorCode } {
  if (settled !== null) {
    const { reason, thrown } = settled;
    return { ended: ended(reason, thrown), code: thrown?.code ?? 'EFAILED' };
  }
  if (failure !== null) {
    const error = { message: messageOf(failure), ...(failure instanceof Error && failure.stack ? { stack: failure.stack } : {}) };
    return { ended: ended(`threw: ${error.message}`, error), code: 'EFAILED' };
  }
  if (killed) return { ended: ended('terminated', null), code: 'EFAILED' };
  const reason = `exited with code ${exitCode}`;
  return { ended: ended(reason, exitCode === 0 ? null : { message: reason }), code: 'EFAILED' };
}

function ended(reason: string, error: { message: string; stack?: string } | null): Ended {
  return { code: null, signal: null, reason, error: error === null ? null : { message: error.message, ...stackOf(error) } };
}

function stackOf({ stack }: { stack?: string }): { stack?: string } {
  return stack === undefined || stack === '' ? {} : { stack };
}

/** Passes output on and stops reading where more than a window of it is under way, so that the module has to wait. */
function forward(worker: Worker, pass: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void) {
  let underway = 0;
  const streams: ['stdout' | 'stderr', Readable][] = [
    ['stdout', worker.stdout],
    ['stderr', worker.stderr],
  ];
  const each = (act: (stream: Readable) => void): void => {
    for (const [, stream] of streams) act(stream);
  };
  for (const [name, stream] of streams) {
    stream.on('data', (chunk: Uint8Array) => {
      underway += chunk.length;
      pass(name, chunk);
      if (underway > outputWindow) each((one) => one.pause());
    });
  }
  const closed = Promise.all(streams.map(([, stream]) => once(stream, 'close')));
  return {
    wrote(bytes: number): void {
      const waiting = underway > outputWindow;
      underway -= bytes;
      if (waiting && underway <= outputWindow) each((stream) => stream.resume());
    },
    drained(): Promise<unknown> {
      underway = Number.NEGATIVE_INFINITY; // what an ended thread left is bounded; it may all come now
      each((stream) => stream.resume());
      return closed;
    },
  };
}
