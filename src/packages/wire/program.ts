import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, Launch, Launched, LaunchHooks } from '../../model/driver.ts';
import type { PackageProgram } from '../../model/package.ts';
import type { PackageException, PackageWire } from '../../model/wire.ts';
import { residentBytesOf } from '../memory.ts';
import { createWire, type WirePorts } from './wire.ts';

export interface WiredOptions extends WirePorts {
  /** Where channels are, absolute; there for the daemon's user alone. */
  readonly sockets: string;
  /** Where packages find what PM2 would have as its home, a folder for each module. */
  readonly homes: string;
}

/** What is remembered of modules beyond one start. */
const mostRemembered = 1000;

/** A driver of packages that are programs: each has a channel to muster, and what modules of PM2 look for in their environment. */
export interface Wired {
  start(launch: Launch, hooks: LaunchHooks, program: PackageProgram, run: Driver): Launched;
  inherit(launch: Launch, data: unknown, hooks: LaunchHooks, program: PackageProgram, run: Driver): Launched;
}

interface WiredHeritage {
  readonly command: unknown;
  readonly wire: PackageWire;
}

export function createWired(options: WiredOptions): Wired {
  const exceptions = new Map<string, PackageException[]>();
  const numbers = new Map<string, number>();

  /** The same for each start of a module; PM2 counts from 0. */
  const numberOf = (name: string): number => {
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  const exceptionsOf = (name: string, before: readonly PackageException[] = []): PackageException[] => {
    const known = exceptions.get(name) ?? [...before];
    exceptions.delete(name);
    exceptions.set(name, known);
    for (const oldest of exceptions.keys()) {
      if (exceptions.size <= mostRemembered) break;
      exceptions.delete(oldest);
    }
    return known;
  };

  /** A program of another interpreter knows nothing of Node's channel. */
  const begin = (
    launch: Launch,
    hooks: LaunchHooks,
    program: PackageProgram,
    before: PackageWire | undefined,
    start: Driver['start'],
  ): Launched => {
    const env = { ...surroundings(launch.name, program, numberOf(launch.name), options.homes), ...launch.env };
    if (program.node === null) return start({ ...launch, env }, hooks);
    let name = launch.name;
    const path = join(options.sockets, `${launch.lease.slice(launch.lease.lastIndexOf('/') + 1)}.sock`);
    const wire = createWire(
      { name: () => name, path, debug: env.MODULE_DEBUG === 'true', exceptions: exceptionsOf(name, before?.exceptions), before },
      options,
    );
    const heard: LaunchHooks = {
      ...hooks,
      launched() {
        if (before === undefined) wire.connect();
        hooks.launched();
      },
    };
    const launched = start({ ...launch, env, channel: path }, heard);
    if (before !== undefined) wire.connect();
    return {
      ...launched,
      ended: launched.ended.then(async (ended) => {
        await wire.ended();
        return ended;
      }),
      ...(launched.handOver === undefined ? {} : { handOver: () => handOver(launched) }),
      async stats() {
        const view = wire.view();
        const monitors = Object.fromEntries(Object.entries(view.monitors).map(([key, { value }]) => [key, value]));
        return { ...(await launched.stats()), monitors, messages: view.messages, ...(await watched(view)) };
      },
      figures: () => ({ ...launched.figures?.(), monitors: wire.view().monitors }),
      rename(next) {
        name = next;
        launched.rename(next);
      },
      stop(stopOptions) {
        if (program.shutdownMessage) wire.send('shutdown');
        launched.stop(stopOptions);
      },
      wire: wire.view,
      trigger: wire.trigger,
    };

    function handOver(own: Launched) {
      const given = own.handOver?.();
      const data: WiredHeritage = { command: given?.data, wire: wire.view() };
      wire.leave();
      return { data, left: given?.left ?? Promise.resolve() };
    }
  };

  return {
    start: (launch, hooks, program, run) => begin(launch, hooks, program, undefined, run.start),
    inherit(launch, data, hooks, program, run) {
      const { command, wire } = data as WiredHeritage;
      return begin(launch, hooks, program, wire, (as, heard) => {
        if (run.inherit === undefined) throw new Error(`${launch.name} cannot be taken over`);
        return run.inherit(as, command, heard);
      });
    },
  };
}

/** What modules of PM2 read. Under what the config says. */
function surroundings(name: string, { instance, folder, script }: PackageProgram, number: number, homes: string): Record<string, string> {
  const home = join(homes, name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return {
    name,
    pm_id: String(number),
    NODE_APP_INSTANCE: String(instance),
    PM2_HOME: home,
    pmx_module: 'true',
    // Its library waits for PM2 to begin, which is inside every app; told so, it begins by itself.
    PMX_FORCE_UPDATE: 'true',
    exec_mode: 'fork_mode',
    pm_cwd: folder,
    pm_exec_path: script,
  };
}

/** Another process that it asks to be watched in its place. */
async function watched({ options }: PackageWire): Promise<{ watched?: { pid: number; memory: number | null } }> {
  const pid = Number(options?.pid);
  return Number.isSafeInteger(pid) && pid > 0 ? { watched: { pid, memory: await residentBytesOf(pid) } } : {};
}
