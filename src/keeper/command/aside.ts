import { spawn } from 'node:child_process';
import type { Identity, Keeper, ProcessExit } from '../../model/keeper.ts';
import { watchDeath } from '../death.ts';
import { type Line, launchLine } from '../launcher.ts';
import { preflight } from '../preflight.ts';
import { leaseVariable } from '../proc.ts';
import { findTool } from '../tools.ts';
import { signalGroup } from '../tree.ts';

/** As whom, where and with what a module runs; its small programs beside it do too. */
export interface Surroundings {
  readonly lease: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly identity: Identity | null;
  /** Folder of the cgroup that the module is in by then; null: none. */
  cgroup(): string | null;
}

export interface AsideEnd {
  readonly exit: ProcessExit;
  /** Of what it wrote last, to either stream. */
  readonly lastLine: string;
}

/** Runs a small program to its end, which an abort brings about. Rejects if it cannot be started. */
export type RunAside = (argv: readonly string[], signal: AbortSignal) => Promise<AsideEnd>;

const mostBytes = 4096;

/**
 * Programs that are run before the module is: nothing is there yet with which they would end when the daemon does, so each is a
 * child of the keeper with a lease of its own.
 */
export function createBeforehand(keeper: Pick<Keeper, 'spawn'>, name: string, { lease, cwd, env, identity }: Surroundings): RunAside {
  let nth = 0;
  return async (argv, signal) => {
    let written = Buffer.alloc(0);
    nth += 1;
    const child = await keeper.spawn({
      beforehand: true,
      lease: `${lease}-${nth}`,
      name,
      argv,
      cwd,
      env,
      ...(identity === null ? {} : { identity }),
      onOutput(_stream, chunk) {
        written = Buffer.concat([written, chunk]).subarray(-mostBytes);
      },
    });
    const kill = (): void => void child.killTree();
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    const exit = await child.exited;
    signal.removeEventListener('abort', kill);
    await child.killTree();
    return { exit, lastLine: lastLineOf(written) };
  };
}

/**
 * Programs that test a module, many times over: they are no modules themselves, so the journal knows nothing of them. They carry
 * the lease of their module and are in its cgroup, and what they leave behind goes with that; what stays in their process group is killed at their end.
 */
export function createAside({ lease, cwd, env, identity, cgroup }: Surroundings): RunAside {
  /** It leaves behind what holds its output, so that how it ends cannot be seen (`death.ts`); a shell that waits for it can tell. */
  let needsParent = false;

  return async (argv, signal) => {
    const folder = cgroup();
    const spec = { lease, name: lease, argv, cwd, env, ...(identity === null ? {} : { identity }), onOutput() {} };
    const line = launchLine(spec, await preflight(spec), folder === null ? null : `${folder}/cgroup.procs`, findTool);
    const sh = findTool('sh');
    if (!needsParent || sh === null) {
      const { isCertain, ...end } = await run(line, signal);
      if (isCertain || sh === null || signal.aborted) return end;
      needsParent = true;
    }
    const { exit, lastLine } = await run(withParent(sh, line), signal);
    return { exit, lastLine };
  };

  function run(line: Line, signal: AbortSignal): Promise<AsideEnd & { readonly isCertain: boolean }> {
    return new Promise((resolve, reject) => {
      const child = spawn(line.file, line.args, {
        argv0: line.argv0,
        cwd,
        env: { ...env, [leaseVariable]: lease },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let written = Buffer.alloc(0);
      const take = (chunk: Buffer): void => {
        written = Buffer.concat([written, chunk]).subarray(-mostBytes);
      };
      const kill = (): void => {
        if (child.pid !== undefined) signalGroup(child.pid, 9);
      };
      const death = watchDeath(child.pid ?? 0);
      child.stdout.once('end', death.peek);
      child.stderr.once('end', death.peek);
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.once('error', (error) => {
        signal.removeEventListener('abort', kill);
        reject(error);
      });
      child.once('exit', (code, name) => {
        signal.removeEventListener('abort', kill);
        kill();
        // What it wrote may still be on its way, and may be held open by what it left behind.
        setImmediate(() => {
          child.stdout.destroy();
          child.stderr.destroy();
          resolve({ exit: death.exit(code, name), lastLine: lastLineOf(written), isCertain: death.isCertain(code) });
        });
      });
      signal.addEventListener('abort', kill);
      if (signal.aborted) kill();
    });
  }
}

/** Ends with code 0 only if the program did: a death by any signal is another code to a shell, which is to say nothing of it itself. */
function withParent(sh: string, { file, args }: Line): Line {
  return { file: sh, argv0: 'sh', args: ['-c', 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?', 'muster', file, ...args] };
}

function lastLineOf(written: Buffer): string {
  return written.toString().trimEnd().split('\n').at(-1) ?? '';
}
