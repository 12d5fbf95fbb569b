import { existsSync } from 'node:fs';
import type { Environment } from '../model/environment.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Child, Keeper, ProcessExit } from '../model/keeper.ts';
import type { Clock, Random } from '../model/ports.ts';

export interface SecretProgramOptions {
  readonly keeper: Pick<Keeper, 'spawn'>;
  readonly clock: Clock;
  /** For leases. */
  readonly random: Pick<Random, 'id'>;
  /** The daemon's own: a password store needs what cannot be known beforehand. */
  readonly env: Environment;
  /** Where the daemon was started; that may be gone by now, which is no reason to run nothing. */
  readonly cwd: string;
  readonly timeoutMs?: number;
}

/** Resolves with what a program prints that exits 0. Rejects with why there is nothing; of its output nothing is told. */
export type SecretProgram = (argv: readonly string[]) => Promise<string>;

/** A password store may ask an agent; a run must not wait for it for ever. */
const longestMs = 10_000;
const mostBytes = 2 ** 20;

/** Runs programs without a shell, under the keeper: what they start ends with them, and how they ended is certain. */
export function createSecretProgram({ keeper, clock, random, env, cwd, timeoutMs = longestMs }: SecretProgramOptions): SecretProgram {
  return (argv) =>
    new Promise((resolve, reject) => {
      let child: Child | null = null;
      let isOver = false;
      const fail = (why: string): void => {
        isOver = true;
        reject(new MusterError('EFAILED', `the program "${argv[0] ?? ''}" gave no secret: ${why}`));
        void child?.killTree();
      };
      const late = clock.after(timeoutMs, () => fail(`no answer within ${timeoutMs / 1000} s`));
      read()
        .then(resolve, (error: unknown) => fail(messageOf(error)))
        .finally(() => late.cancel());

      async function read(): Promise<string> {
        const { exit, stdout } = await run();
        // Nobody saw how: its keeper was killed, say.
        const isUnknown = exit.code === null && exit.signal === null && !isOver;
        return secretOf(isUnknown ? await run() : { exit, stdout });
      }

      async function run(): Promise<Ran> {
        const chunks: Buffer[] = [];
        let size = 0;
        child = await keeper.spawn({
          beforehand: true,
          lease: random.id(),
          name: 'secret',
          argv,
          cwd: existsSync(cwd) ? cwd : '/',
          env: definedIn(env),
          onOutput(stream, chunk) {
            if (stream === 'stderr') return;
            size += chunk.length;
            if (size <= mostBytes) chunks.push(Buffer.from(chunk));
            else fail(`it has more to say than ${mostBytes} bytes`);
          },
        });
        if (isOver) void child.killTree();
        const exit = await child.exited;
        await child.killTree(); // then the last of its output has come
        return { exit, stdout: Buffer.concat(chunks).toString('utf8') };
      }
    });
}

interface Ran {
  readonly exit: ProcessExit;
  readonly stdout: string;
}

function secretOf({ exit: { code, signal, failure }, stdout }: Ran): string {
  if (failure !== undefined) throw new Error(failure.message);
  if (signal !== null) throw new Error(`killed by ${signal}`);
  if (code !== 0) throw new Error(code === null ? 'it ended in a way nobody saw' : `exited with code ${code}`);
  return stdout;
}

function definedIn(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
