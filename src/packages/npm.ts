import { baseEnvironment, type Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Clock, Random } from '../model/ports.ts';
import { type NpmOutput, npmFailure, npmScrubber } from './npm-failure.ts';

export interface NpmOptions {
  readonly keeper: Pick<Keeper, 'spawn'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'id'>;
  /** The daemon's own. */
  readonly env: Environment;
  /** Where npm keeps what it fetched. */
  readonly cache: string;
}

export interface NpmRun {
  readonly prefix: string;
  readonly spec: string;
  readonly signal?: AbortSignal | undefined;
}

/** The program npm. It runs in a prefix of its own, without a shell, and dies with the daemon. */
export interface Npm {
  /** Installs into the prefix, and writes what it took into its package-lock.json. */
  install(run: NpmRun & { readonly scripts: boolean }): Promise<void>;
  /** What is newer than what is installed in the prefix; by name of the package. */
  outdated(run: NpmRun): Promise<Readonly<Record<string, Newer>>>;
}

export interface Newer {
  readonly wanted?: string;
  readonly latest?: string;
}

/** A registry that hangs must not keep a run from ending. */
const longestMs = 600_000;
const mostOutput = 4 * 2 ** 20;

export function createNpm({ keeper, clock, random, env, cache }: NpmOptions): Npm {
  const own = npmEnvironment(env);
  const scrub = npmScrubber(own);

  async function run(what: string, args: readonly string[], { prefix, spec, signal }: NpmRun) {
    const taken = { stdout: '', stderr: '' };
    const child = await keeper
      .spawn({
        beforehand: true,
        lease: random.id(),
        name: 'npm',
        argv: ['npm', ...settings, '--prefix', prefix, '--cache', cache, ...args],
        cwd: prefix,
        env: own,
        onOutput(stream, chunk) {
          if (taken[stream].length < mostOutput) taken[stream] += Buffer.from(chunk).toString();
        },
      })
      .catch((error: unknown) => {
        throw noNpm(error);
      });
    let ended: string | null = null;
    const end = (why: string): void => {
      ended ??= why;
      void child.killTree();
    };
    const stop = (): void => end('the daemon is stopping');
    const timer = clock.after(longestMs, () => end(`it took longer than ${longestMs / 60_000} minutes`));
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    const exit = await child.exited;
    await child.killTree();
    timer.cancel();
    signal?.removeEventListener('abort', stop);
    if (ended !== null) throw new MusterError('ECANCELED', `npm ${what} ${scrub(spec)} was ended: ${ended}`);
    return { exit, output: taken as NpmOutput };
  }

  return {
    async install({ scripts, ...asked }) {
      const args = ['install', `--ignore-scripts=${!scripts}`, '--omit=dev', '--save=true', '--package-lock=true', '--', asked.spec];
      const { exit, output } = await run('install', args, asked);
      if (exit.code === 0) return;
      const end = exit.signal === null ? `npm exited with code ${exit.code}` : `npm was ended by ${exit.signal}`;
      throw npmFailure(`npm cannot install ${scrub(asked.spec)}`, end, output, scrub);
    },
    async outdated(asked) {
      const { output } = await run('outdated', ['outdated'], asked);
      const found = parsed(output.stdout);
      // It exits 1 where something is outdated, too.
      if (found === null || 'error' in found)
        throw npmFailure(`npm cannot look for newer versions of ${scrub(asked.spec)}`, '', output, scrub);
      return found as Readonly<Record<string, Newer>>;
    },
  };
}

/** Of all that an .npmrc could say otherwise, what an installation depends on. */
const settings = [
  ...['--json', '--loglevel=error', '--progress=false', '--no-audit', '--no-fund', '--no-update-notifier'],
  ...['--global=false', '--dry-run=false', '--install-links=true', '--engine-strict=false'],
  ...['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=60000', '--prefer-online'],
];

function parsed(stdout: string): Record<string, unknown> | null {
  try {
    return JSON.parse(stdout === '' ? '{}' : stdout) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const handedOn =
  /^(?:npm_config_.*|https?_proxy|no_proxy|all_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|SSH_AUTH_SOCK|GIT_SSH_COMMAND|NPM_TOKEN|NODE_AUTH_TOKEN)$/i;

/** What a module gets, and what npm needs to reach its registry. */
function npmEnvironment(env: Environment): Record<string, string> {
  const taken = baseEnvironment(env);
  for (const [name, value] of Object.entries(env)) if (value !== undefined && handedOn.test(name)) taken[name] = value;
  return { ...taken, GIT_TERMINAL_PROMPT: '0' };
}

function noNpm(error: unknown): unknown {
  if (!(error instanceof MusterError) || error.code !== 'ENOENT') return error;
  return new MusterError('ENOENT', `packages are installed by npm, which is not there: ${error.message}`, {
    cause: error,
    hint: 'install npm, or put it on the PATH of the daemon',
  });
}
