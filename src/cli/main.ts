import { exitCode } from '../model/exit-code.ts';
import { processIo } from './io.ts';
import { run } from './run.ts';

/** Whether nothing but the client itself goes when it ends. */
let leaves = false;

const io = processIo(onBroken);

/** The only place that ends the process. What was printed is flushed first. */
function end(code: number): void {
  process.exitCode = code;
  io.flushed(() => process.exit(code));
}

run(process.argv.slice(2), io, onSignals).then(end, (error: unknown) => {
  io.err(`${error instanceof Error ? error.stack : String(error)}\n`);
  end(exitCode.error);
});

/** The reader of a pipe has seen enough; that is no error of this command. A daemon stays, whoever reads. */
function onBroken({ code, message }: NodeJS.ErrnoException): void {
  if (!leaves) return;
  if (code === 'EPIPE') process.exit(process.exitCode ?? exitCode.ok);
  leaves = false; // stderr may be no better
  io.err(`muster: the output cannot be written: ${message}\n`);
  process.exit(exitCode.error);
}

/** A client that is interrupted leaves at once; what the daemon does goes on. */
function onSignals(): void {
  leaves = true;
  process.once('SIGINT', () => interrupted(130));
  process.once('SIGTERM', () => interrupted(143));
}

function interrupted(code: number): void {
  if (io.errTerminal) io.err('\r\x1b[K');
  process.exit(code);
}
