// The first file of a worker thread: a JavaScript heap with one channel, in which the runner's main thread starts modules.
import { parentPort, workerData } from 'node:worker_threads';
import type { FromRealm, Posted, RealmData, ToRealm } from '../protocol.ts';
import { openCredits } from './meter.ts';
import { createOutbox } from './outbox.ts';
import { createRealm } from './residents.ts';
import { mapStacks } from './stack.ts';

mapStacks(process.argv[1] ?? '');
quietExperiments();
// What its runner has is nobody's business; each module brings its own.
for (const name of Object.keys(process.env)) delete process.env[name];

const { credits, shared } = workerData as RealmData;
const outbox = createOutbox<FromRealm>((muster) => parentPort?.postMessage({ muster } satisfies Posted));
const realm = createRealm({
  ...outbox,
  shared,
  credits: openCredits(credits),
  // Output is passed on in turns with the other side; exiting now would lose what waits for its turn.
  drain: () => Promise.all([flush('stdout'), flush('stderr')]),
});

process.on('exit', outbox.flush);
process.on('uncaughtException', (error: unknown) => realm.uncaught(error));
process.on('unhandledRejection', (error: unknown, rejected) => realm.uncaught(error, rejected));
parentPort?.on('message', (messages: readonly ToRealm[]) => {
  for (const message of messages) realm.receive(message);
});

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
