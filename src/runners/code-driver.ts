import type { Driver, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import { startInstance } from './instance.ts';
import type { LogSink } from './log-sink.ts';
import { createRunner, type RunnerProcess } from './runner-process.ts';

export interface CodeDriver extends Driver {
  /** Ends the runners with all that is in them. */
  dispose(): Promise<void>;
}

export interface CodeDriverOptions {
  readonly keeper: Keeper;
  /** `runner.cjs`, with `realm.cjs` beside it. */
  readonly runnerFile: string;
  readonly logs: LogSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The daemon's own; runner processes get the base of it and nothing else, each module what its launch says. */
  readonly env: Environment;
  /** Of runner processes, and so of the modules in them; without it the daemon's own. */
  readonly cwd?: string;
}

/**
 * Runs code modules, each in a thread: of the runner process `main`, which is started with the first of them, or of a
 * runner process that is its own and ends with it.
 */
export function createCodeDriver({
  keeper,
  runnerFile,
  logs,
  clock,
  random,
  log,
  env,
  cwd = process.cwd(),
}: CodeDriverOptions): CodeDriver {
  const main = runnerNamed('main');
  const own = new Set<RunnerProcess>();
  let count = 0;

  function runnerNamed(name: string): RunnerProcess {
    return createRunner({ name, keeper, runnerFile, env: baseEnvironment(env), cwd, random, log });
  }

  function startIn(runner: RunnerProcess, launch: Launch, hooks: LaunchHooks): Launched {
    count += 1;
    return startInstance({ id: count, launch, hooks, runner, logs, clock });
  }

  function startAlone(launch: Launch, hooks: LaunchHooks): Launched {
    const runner = runnerNamed(launch.name);
    own.add(runner);
    const launched = startIn(runner, launch, hooks);
    async function ended() {
      const end = await launched.ended;
      await runner.dispose();
      own.delete(runner);
      return end;
    }
    return { ...launched, ended: ended(), threadId: () => null, containment: runner.containment };
  }

  return {
    start: (launch, hooks) =>
      (launch.spec as CodeSpec).isolation === 'process' ? startAlone(launch, hooks) : startIn(main, launch, hooks),
    async dispose() {
      await Promise.all([main, ...own].map((runner) => runner.dispose()));
    },
  };
}
