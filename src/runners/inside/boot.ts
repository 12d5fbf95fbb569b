// The first file of a worker thread: runs the program of the realm, with what another thread has already compiled of it.
import { Script } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type { Posted, RealmProgram } from '../protocol.ts';

/** By then it has started its first module, and all that this takes is compiled. */
const tellAfterMs = 500;

const { file, source, compiled, tell } = (workerData as { program: RealmProgram }).program;
process.argv[1] = file;
const script = new Script(source, {
  filename: file,
  ...(compiled === null ? {} : { cachedData: compiled }),
});
// It requires parts of Node only; to make a `require` for it would take longer than all of them.
script.runInThisContext()(process.getBuiltinModule, file);

if (tell) {
  setTimeout(() => {
    const code = script.createCachedData();
    parentPort?.postMessage({ muster: [{ type: 'compiled', code }] } satisfies Posted);
  }, tellAfterMs).unref();
}
