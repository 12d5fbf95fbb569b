import { MusterError } from '../../model/error.ts';
import type { Keeper } from '../../model/keeper.ts';
import type { Clock, Random } from '../../model/ports.ts';
import { TimedOut, Trouble, Unwanted } from './trouble.ts';

export interface ProgramOptions {
  readonly keeper: Pick<Keeper, 'spawn'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ProgramRun {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** ms; null: `signal` alone ends it. */
  readonly timeout?: number | null;
  /** Of its standard output; what has more is ended. */
  readonly mostBytes?: number;
  /** Looks on while it runs; what it returns is why the program is ended. */
  watch?(): Promise<Trouble | null>;
}

export interface ProgramOutput {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs git and what belongs to it: without a shell, under the keeper, and with it all that it starts. */
export type Program = (run: ProgramRun) => Promise<ProgramOutput>;

/** What works on this machine alone takes that long only where something is wrong. */
const longestMs = 120_000;
const usualBytes = 4 * 2 ** 20;
const watchMs = 250;

export function createProgram({ keeper, clock, random, cwd, env }: ProgramOptions): Program {
  return async ({ argv, signal, timeout = longestMs, mostBytes = usualBytes, watch, ...more }) => {
    if (isAborted(signal)) throw new Unwanted('not begun');
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const sizes = { stdout: 0, stderr: 0 };
    let ended: Error | null = null;
    let over = false;
    let kill = (): void => {};
    const end = (why: Error): void => {
      ended ??= why;
      kill();
    };
    const child = await keeper
      .spawn({
        beforehand: true,
        lease: random.id(),
        name: argv[0] ?? '',
        argv,
        cwd,
        env: { ...env, ...more.env },
        onOutput(stream, chunk) {
          sizes[stream] += chunk.length;
          if (sizes[stream] <= mostBytes) (stream === 'stdout' ? stdout : stderr).push(Buffer.from(chunk));
          else if (stream === 'stdout') end(new Trouble('refused', `${named(argv)} has more to say than ${mostBytes} bytes`));
        },
      })
      .catch((error: unknown) => {
        throw cannotStart(error, argv[0] ?? '');
      });
    kill = () => void child.killTree();
    if (ended !== null) kill();
    const unwanted = (): void => end(new Unwanted('ended'));
    const late = (): void => end(new TimedOut(`${named(argv)} took longer than ${(timeout ?? 0) / 1000} s and was ended`));
    const timer = timeout === null ? null : clock.after(timeout, late);
    let watching = clock.after(watchMs, look);
    signal?.addEventListener('abort', unwanted);
    if (isAborted(signal)) unwanted();
    const { code, failure } = await child.exited;
    over = true;
    await child.killTree();
    timer?.cancel();
    watching.cancel();
    signal?.removeEventListener('abort', unwanted);
    if (ended !== null) throw ended;
    if (failure !== undefined) throw new Trouble('noGit', failure.message);
    return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };

    function look(): void {
      void watch?.().then((why) => {
        if (why !== null) end(why);
        else if (!over) watching = clock.after(watchMs, look);
      });
    }
  };
}

/** A function, for it may have changed since it was asked last. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function named(argv: readonly string[]): string {
  const word = argv.slice(1).find((each) => /^[a-z]/.test(each));
  return [argv[0], ...(word === undefined ? [] : [word])].join(' ');
}

/** Where each program comes from, for who does not have it. */
const comesFrom: Readonly<Record<string, string>> = { git: 'git', gpg: 'gnupg', 'ssh-keygen': 'openssh-client', ssh: 'openssh-client' };

export function missing(program: string): Trouble {
  const needs = program === 'git' ? 'a source is fetched by git' : `git needs ${program} for this`;
  return new Trouble(
    'noGit',
    `${needs}, which is not there; install ${comesFrom[program] ?? program}, or put it on the PATH of the daemon`,
  );
}

function cannotStart(error: unknown, program: string): unknown {
  if (!(error instanceof MusterError)) return error;
  if (error.code === 'ENOENT') return missing(program);
  return error.code === 'ECANCELED' ? new Unwanted(error.message) : new Trouble('noGit', error.message);
}
