import type { Driver } from '../model/driver.ts';
import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import { startInstance } from './instance.ts';
import type { LogSink } from './log-sink.ts';
import { createRunner } from './runner-process.ts';

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

/** Runs code modules: one thread per module in the runner process `main`, which is started with the first of them. */
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
  const main = createRunner({ name: 'main', keeper, runnerFile, env: baseEnvironment(env), cwd, random, log });
  let count = 0;
  return {
    start(launch, hooks) {
      count += 1;
      return startInstance({ id: count, launch, hooks, runner: main, logs, clock });
    },
    dispose: main.dispose,
  };
}
