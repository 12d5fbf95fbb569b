// The first file of a worker thread: one module in a JavaScript heap of its own. Started by `thread.ts`.
import { parentPort, workerData } from 'node:worker_threads';
import type { FromRealm, Posted, Start, Thrown, ToRealm } from '../protocol.ts';
import { startLife } from './life.ts';
import { mapStacks } from './stack.ts';
import { toThrown } from './thrown.ts';

const start = workerData as Start;
const ownFile = process.argv[1] ?? '';
mapStacks(ownFile);
process.argv[1] = start.path;
quietExperiments();

const post = (message: FromRealm): void => parentPort?.postMessage({ muster: message } satisfies Posted);
const write = (stream: 'stdout' | 'stderr', text: string): boolean => process[stream].write(text);
let settling = false;

process.on('uncaughtException', (error: unknown) => {
  // A module that listens itself has taken the matter into its hands.
  if (process.listenerCount('uncaughtException') > 1) return;
  const thrown = toThrown(error);
  void end({ reason: `threw: ${thrown.message}`, thrown });
});

const life = startLife({ start, post, write });
parentPort?.on('message', (message: ToRealm) => life.receive(message));
void life.settled.then(end);

async function end({ reason, thrown }: { reason: string; thrown: Thrown | null }): Promise<void> {
  if (settling) return;
  settling = true;
  // Output is passed on in turns with the other side; exiting now would lose what waits for its turn.
  await Promise.all([flush('stdout'), flush('stderr')]);
  post({ type: 'settled', reason, thrown });
  process.exit(0);
}

function flush(stream: 'stdout' | 'stderr'): Promise<void> {
  return new Promise((resolve) => {
    process[stream].write('', () => resolve());
  });
}

/** Dynamic imports in compiled code need a feature that Node calls experimental; authors cannot do anything about it. */
function quietExperiments(): void {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
}
