import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { type FromRealm, outputWindow, type Posted, type RealmData, type RealmProgram, type ToRealm } from '../protocol.ts';
import { onceATurn } from '../turn.ts';
import { isFromRealm } from './hub/incoming.ts';

/** One worker thread with its realm, as the runner's main thread sees it. */
export interface Thread {
  readonly threadId: number;
  /** What is posted in one turn crosses as one. */
  post(message: ToRealm, transfer?: readonly Transferable[]): void;
  /** Ends it in the middle of whatever it does. What blocks in a system call cannot be ended so. */
  terminate(): void;
  /** Output that has arrived. */
  wrote(bytes: number): void;
}

export interface ThreadOptions {
  /** The first file, which runs the program. */
  readonly bootFile: string;
  readonly program: RealmProgram;
  readonly realm: RealmData;
  /** For those who look at the threads of a process. */
  readonly name: string;
  /** Bytes; null: Node's own limit. */
  readonly maxHeap: number | null;
  received(messages: readonly FromRealm[]): void;
  /** What is written to the streams of the thread itself. */
  output(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  /** Its realm is there and reads what is posted. */
  online(): void;
  /** The last call: nothing of it is left, and all of its output has been passed on. */
  exited(exit: ThreadExit): void;
}

export interface ThreadExit {
  /** What was thrown and not caught; null: nothing. */
  readonly failure: unknown;
  readonly exitCode: number;
}

const bytesPerMegabyte = 1024 ** 2;
/** V8 does not start with less. */
const leastHeapMb = 4;
/** Of a realm in which modules come and go: what they leave behind is let go of before it fills the 48 MB that V8 would take. With 6 each of 1,000 modules took 2.5 kB more. */
const sharedYoungMb = 3;

function limitsOf(maxHeap: number | null, shared: boolean): ResourceLimits {
  if (maxHeap !== null) return { maxOldGenerationSizeMb: Math.max(maxHeap / bytesPerMegabyte, leastHeapMb) };
  return shared ? { maxYoungGenerationSizeMb: sharedYoungMb } : {};
}

/** Starts it. Throws if there can be no such thread. */
export function startThread({ bootFile, program, realm, name, maxHeap, received, output, online, exited }: ThreadOptions): Thread {
  const worker = new Worker(bootFile, {
    workerData: { ...realm, program },
    env: {},
    argv: [],
    execArgv: [],
    stdout: true,
    stderr: true,
    name,
    resourceLimits: limitsOf(maxHeap, realm.shared),
  });
  const streams = forward(worker, output);
  let failure: unknown = null;
  let messages: ToRealm[] = [];
  let transfers: Transferable[] = [];
  const flush = onceATurn(() => {
    const [batch, transferred] = [messages, transfers];
    messages = [];
    transfers = [];
    worker.postMessage(batch, transferred);
  });

  worker.on('online', online);
  worker.on('message', (posted: unknown) => {
    const batch = fromRealm(posted);
    if (batch !== null) received(batch);
  });
  worker.on('error', (error) => {
    failure = error;
  });
  worker.on('exit', async (exitCode) => {
    await streams.drained();
    exited({ failure, exitCode });
  });
  return {
    threadId: worker.threadId,
    post(message, transfer = []) {
      messages.push(message);
      transfers.push(...transfer);
      flush();
    },
    terminate: () => void worker.terminate(),
    wrote: streams.wrote,
  };
}

/** Null for what a module itself or a library of it posted to nobody. */
function fromRealm(posted: unknown): readonly FromRealm[] | null {
  const batch = (posted as Partial<Posted> | null)?.muster;
  return Array.isArray(batch) ? batch.filter(isFromRealm) : null;
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
