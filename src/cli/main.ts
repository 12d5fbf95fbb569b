import { isatty } from 'node:tty';
import { CommanderError } from 'commander';
import { exitCode } from '../model/exit-code.ts';
import { processIo } from './io.ts';
import { run } from './run.ts';

/** The only place that ends the process. What was printed is flushed first; on Linux that is so for all but a full pipe. */
function end(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.exit(code));
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe has seen enough; that is no error of this command.
    process.exit(error.code === 'EPIPE' ? (process.exitCode ?? exitCode.ok) : exitCode.error);
  });
}

run(process.argv.slice(2), processIo(), onSignals).then(end, (error: unknown) => {
  process.stderr.write(`${error instanceof Error && !(error instanceof CommanderError) ? error.stack : String(error)}\n`);
  end(exitCode.error);
});

/** A client that is interrupted leaves at once; what the daemon does goes on. */
function onSignals(): void {
  process.once('SIGINT', () => interrupted(130));
  process.once('SIGTERM', () => interrupted(143));
}

function interrupted(code: number): void {
  if (isatty(2)) process.stderr.write('\r\x1b[K');
  process.exit(code);
}
