import type { BusPort } from '../model/bus.ts';
import type { Driver, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import type { RunnerSockets } from './connect.ts';
import { type Home, simpleHome } from './home.ts';
import { forget, hostedHome } from './hosted.ts';
import { type Instance, startInstance } from './instance.ts';
import type { LogSink } from './log-sink.ts';
import type { Place } from './protocol.ts';
import { type Contained, createRunner, type RunnerProcess } from './runner-process.ts';

export interface CodeDriver extends Driver {
  refresh(options?: { figures?: boolean }): Promise<void>;
  /** Ends the runners with all that is in them. */
  dispose(): Promise<void>;
}

export interface CodeDriverOptions {
  readonly keeper: Keeper;
  readonly sockets: RunnerSockets;
  readonly bus: BusPort;
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
 * Runs code modules: in a thread of a named runner process (its own, one of the pool, or that of its group), in a runner
 * process that is its own and ends with it, or in the thread of the service that loads it.
 */
export function createCodeDriver({
  keeper,
  sockets,
  bus,
  runnerFile,
  logs,
  clock,
  random,
  log,
  env,
  cwd = process.cwd(),
}: CodeDriverOptions): CodeDriver {
  const named = new Map<string, RunnerProcess>();
  const runners = new Set<RunnerProcess>();
  const living = new Map<number, { instance: Instance; runner: () => RunnerProcess }>();
  let lastAddress = 0;

  function openRunner(name: string, contained?: Contained, own: Environment = env): RunnerProcess {
    const runner = createRunner({ name, contained, keeper, sockets, bus, runnerFile, env: baseEnvironment(own), cwd, clock, random, log });
    runners.add(runner);
    return runner;
  }

  function runnerOf(name: string): RunnerProcess {
    const known = named.get(name) ?? openRunner(name);
    named.set(name, known);
    return known;
  }

  /** The environment of a process of another user says so, too: what asks the system for it looks there. */
  function ownRunner({ name, spec, identity, env: own }: Launch): RunnerProcess {
    const { containment, cgroup } = spec as CodeSpec;
    return identity === undefined ? openRunner(name, { containment, cgroup }) : openRunner(name, { containment, cgroup, identity }, own);
  }

  function homeOf(launch: Launch): Home {
    const { service, isolation, runner } = launch.spec as CodeSpec;
    if (service !== undefined && service !== 'none') return hostedHome({ launch, service, bus, host });
    if (isolation === 'process') return simpleHome(ownRunner(launch), { type: 'own' }, true);
    return simpleHome(runnerOf(runner), placeOf(launch.spec as CodeSpec));
  }

  function host(address: number) {
    const found = living.get(address);
    return found === undefined ? undefined : { runner: found.runner(), ended: found.instance.launched.ended };
  }

  function start(launch: Launch, hooks: LaunchHooks): Launched {
    lastAddress += 1;
    const id = lastAddress;
    const home = homeOf(launch);
    const instance = startInstance({ id, launch, hooks, home, bus, logs, clock });
    living.set(id, { instance, runner: home.runner });
    const ended = instance.launched.ended.then(async (end) => {
      living.delete(id);
      if (!home.alone) return end;
      await home.runner().dispose();
      runners.delete(home.runner());
      return end;
    });
    return { ...instance.launched, ended };
  }

  async function refresh({ figures = false } = {}): Promise<void> {
    const answers = await Promise.allSettled([...runners].map(async (runner) => (await runner.questions()?.usage(figures)) ?? []));
    for (const answer of answers) {
      if (answer.status === 'fulfilled') for (const usage of answer.value) living.get(usage.id)?.instance.seen(usage);
    }
  }

  return {
    start,
    forget(name, spec) {
      const { service } = spec as CodeSpec;
      if (service !== undefined && service !== 'none') forget(bus, service, name);
    },
    refresh,
    async dispose() {
      await Promise.all([...runners].map((runner) => runner.dispose()));
    },
  };
}

function placeOf({ isolation, threadGroup }: CodeSpec): Place {
  if (isolation !== 'shared') return { type: 'own' };
  return threadGroup === undefined ? { type: 'pool' } : { type: 'group', group: threadGroup };
}
