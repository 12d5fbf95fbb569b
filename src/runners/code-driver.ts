import type { BusPort } from '../model/bus.ts';
import type { Driver, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { baseEnvironment, type Environment } from '../model/environment.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { Keeper } from '../model/keeper.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import type { RunnerSockets } from './connect.ts';
import type { InstanceHeritage } from './heritage.ts';
import { type Home, simpleHome } from './home.ts';
import { forget, hostedHome } from './hosted.ts';
import { type Instance, startInstance } from './instance.ts';
import type { LogSink } from './log-sink.ts';
import type { Place } from './protocol.ts';
import { type Contained, createRunner, type RunnerHeritage, type RunnerOptions, type RunnerProcess } from './runner-process.ts';

export interface CodeDriver extends Driver {
  refresh(options?: { figures?: boolean }): Promise<void>;
  /** No runner is to send anything any more; resolves when all that they have sent is here. */
  hold(): Promise<void>;
  /** The runners go on: they are not handed over after all, or this is the daemon that they were handed over to. */
  resume(): void;
  /** Leaves all runners to the next daemon, after `hold` and when all instances were handed over. */
  handOver(): Promise<CodeHeritage>;
  /** Connects to what another daemon has handed over; comes before `inherit`. */
  takeOver(heritage: CodeHeritage): Promise<void>;
  /** Ends the runners with all that is in them. */
  dispose(): Promise<void>;
}

/** The runners of one daemon, as it hands them over to the next. */
export interface CodeHeritage {
  readonly runners: readonly RunnerHeritage[];
  readonly lastAddress: number;
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
  const living = new Map<number, { instance: Instance; name: string; runner: () => RunnerProcess }>();
  const inheritedRunners = new Map<string, RunnerProcess>();
  let lastAddress = 0;

  function openRunner(name: string, contained?: Contained, own: Environment = env): RunnerProcess {
    return added({ name, contained, env: baseEnvironment(own) });
  }

  function added(which: Pick<RunnerOptions, 'name' | 'contained' | 'env' | 'inherited'>): RunnerProcess {
    const runner = createRunner({ ...which, keeper, sockets, bus, runnerFile, cwd, clock, random, log });
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

  function homeOf(launch: Launch, inherited?: InstanceHeritage): Home {
    const { service, isolation, runner } = launch.spec as CodeSpec;
    if (service !== undefined && service !== 'none') return hostedHome({ launch, service, bus, host, inherited: inherited?.host });
    const there = inherited === undefined ? undefined : inheritedRunners.get(inherited.runner);
    if (there !== undefined) return simpleHome(there, placeOf(launch.spec as CodeSpec), inherited?.alone);
    if (isolation === 'process') return simpleHome(ownRunner(launch), { type: 'own' }, true);
    return simpleHome(runnerOf(runner), placeOf(launch.spec as CodeSpec));
  }

  function host(address: number) {
    const found = living.get(address);
    return found === undefined ? undefined : { name: found.name, runner: found.runner(), ended: found.instance.launched.ended };
  }

  function start(launch: Launch, hooks: LaunchHooks): Launched {
    lastAddress += 1;
    return begin(lastAddress, launch, hooks);
  }

  function begin(id: number, launch: Launch, hooks: LaunchHooks, inherited?: InstanceHeritage): Launched {
    const home = homeOf(launch, inherited);
    const instance = startInstance({ id, launch, hooks, home, bus, logs, clock, inherited });
    const alive = { instance, name: launch.name, runner: home.runner };
    living.set(id, alive);
    const ended = instance.launched.ended.then(async (end) => {
      living.delete(id);
      if (!home.alone) return end;
      await home.runner().dispose();
      runners.delete(home.runner());
      return end;
    });
    function rename(name: string): void {
      alive.name = name;
      instance.launched.rename(name);
    }
    return { ...instance.launched, ended, rename, handOver: () => handOver(instance, home) };
  }

  async function refresh({ figures = false } = {}): Promise<void> {
    const answers = await Promise.allSettled([...runners].map(async (runner) => (await runner.questions()?.usage(figures)) ?? []));
    for (const answer of answers) {
      if (answer.status === 'fulfilled') for (const usage of answer.value) living.get(usage.id)?.instance.seen(usage);
    }
  }

  /** With where it is, for the next daemon to find it there. */
  function handOver({ launched }: Instance, home: Home) {
    const { data, left } = (launched.handOver as NonNullable<Launched['handOver']>)();
    const place: Pick<InstanceHeritage, 'runner' | 'host'> = { runner: home.runner().lease() ?? '', host: home.host?.() ?? null };
    return { data: { ...(data as object), ...place }, left };
  }

  return {
    start,
    forget(name, spec) {
      const { service } = spec as CodeSpec;
      if (service !== undefined && service !== 'none') forget(bus, service, name);
    },
    inherit(launch, data, hooks) {
      const inherited = data as InstanceHeritage;
      return begin(inherited.id, launch, hooks, inherited);
    },
    hold: async () => void (await Promise.all([...runners].map((runner) => runner.hold()))),
    resume() {
      for (const runner of runners) runner.resume();
    },
    async handOver() {
      const left = await Promise.all([...runners].map((runner) => runner.leave()));
      return { runners: left.filter((runner) => runner !== null), lastAddress };
    },
    async takeOver(heritage) {
      lastAddress = heritage.lastAddress;
      for (const inherited of heritage.runners) {
        const { name, contained, env: own, lease, alone } = inherited;
        const runner = added({ name, contained, env: own, inherited });
        inheritedRunners.set(lease, runner);
        if (!alone) named.set(name, runner);
      }
      await Promise.all([...inheritedRunners.values()].map((runner) => runner.ready()));
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
