import type { Driver } from '../model/driver.ts';
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
  /** Of runner processes: the base environment and nothing else. Each module gets its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Of runner processes, and so of the modules in them. */
  readonly cwd: string;
}

/** Runs code modules: one thread per module in the runner process `main`, which is started with the first of them. */
export function createCodeDriver({ keeper, runnerFile, logs, clock, random, log, env, cwd }: CodeDriverOptions): CodeDriver {
  const main = createRunner({ name: 'main', keeper, runnerFile, env, cwd, random, log });
  let count = 0;
  return {
    start(launch, hooks) {
      count += 1;
      return startInstance({ id: count, launch, hooks, runner: main, logs, clock });
    },
    dispose: main.dispose,
  };
}
