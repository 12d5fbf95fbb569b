import { notLoaded } from '../engine/names.ts';
import type { ModuleStats, Rusage, RusageOf } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Loaded } from '../model/module.ts';
import type { ApiPorts, Handlers } from './call.ts';
import { loadedName } from './holder.ts';
import { shown } from './shown.ts';

const debugTimeout = 5000; // a module that hangs answers nothing

/** Methods about the messages of modules: counters, debug flags, events. */
export const messageHandlers: Pick<Handlers, 'stats' | 'debug' | 'publish'> = {
  async stats({ name: asked, clear, clearAll, rusage }, _call, ports) {
    const { instances } = ports.engine.context.ports;
    const name = asked === undefined ? undefined : loadedName(asked, ports);
    if (clear === true || clearAll === true) {
      if (rusage !== undefined) throw new MusterError('EINVAL', 'use of resources cannot be cleared');
      if (name !== undefined) await instances.clearStats(name);
      else await Promise.all(namesOf(ports).map((one) => instances.clearStats(one).catch(unlessAbsent)));
      return {};
    }
    if (rusage !== undefined) return name === undefined ? daemonUsage(rusage, ports) : instances.rusage(name, rusage);
    if (name !== undefined) return shownStats(await instances.stats(name), ports);
    const all = await Promise.all(namesOf(ports).map(async (one) => [one, await instances.stats(one).catch(unlessAbsent)] as const));
    return { modules: Object.fromEntries(all.flatMap(([one, stats]) => (stats === null ? [] : [[one, shownStats(stats, ports)]]))) };
  },

  async debug({ name, op, flags }, { signal }, ports) {
    const loaded = ports.engine.context.ports.instances.snapshot();
    if (op === undefined ? flags !== undefined : op === 'clear' ? flags !== undefined : flags === undefined) {
      throw new MusterError('EINVAL', 'set, setbit and clearbit take flags; clear takes none');
    }
    const payload = { ...(op === undefined ? {} : { op }), ...(flags === undefined ? {} : { flags }) };
    const answer = await ports.bus.request(`${name}.debug`, payload, { timeout: debugTimeout, signal }).catch((error: unknown) => {
      throw debugFailed(error, name, loaded);
    });
    const result = (answer as { flags?: unknown } | null | undefined)?.flags;
    if (typeof result === 'number') return { flags: result };
    throw new MusterError('EPROTO', `${name}.debug answers no flags: the module has a handler of its own for it`, {
      hint: `muster request ${name}.debug shows what it answers`,
    });
  },

  async publish({ topic, payload }, { from }, { bus }) {
    bus.publish(topic, payload, from ?? null);
    return {};
  },
};

function daemonUsage(who: RusageOf, ports: ApiPorts): Rusage {
  const usage = ports.rusage(who);
  if (usage === null) throw new MusterError('EIO', 'what the daemon uses cannot be read from /proc');
  return usage;
}

function namesOf({ engine }: ApiPorts): string[] {
  return [...engine.context.ports.instances.snapshot().keys()].sort();
}

/** Where all are asked, one that does not run, or goes meanwhile, is left out. */
function unlessAbsent(error: unknown): null {
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOENT' || code === 'ENOSYS' || code === 'EHOSTUNREACH') return null;
  throw error;
}

/** What a module adds can be anything that can be cloned, and tell anything that it knows. It comes after what all have. */
function shownStats({ tx, rx, ...own }: ModuleStats, { mask }: ApiPorts): ModuleStats {
  const added = Object.entries(own).map(([key, value]) => [mask(key), shown(value, mask)]);
  return { ...(tx === undefined ? {} : { tx }), ...(rx === undefined ? {} : { rx }), ...Object.fromEntries(added) };
}

/** Nobody serves it: because it is not loaded, takes no messages, or does not run. */
function debugFailed(error: unknown, name: string, loaded: ReadonlyMap<string, Loaded>): unknown {
  const { code } = error as { code?: unknown };
  if (code === 'ETIMEDOUT') {
    const hint = `muster info ${name} tells whether it still starts; where it hangs, muster reload -f ${name}`;
    return new MusterError('ETIMEDOUT', `${name} does not answer within ${debugTimeout / 1000}s`, { hint });
  }
  if (code !== 'ENOSYS') return error;
  const module = loaded.get(name);
  if (module === undefined) return notLoaded(name, loaded);
  if (module.kind !== 'command') return error;
  return new MusterError('ENOSYS', `${name} is a command: it takes no messages, and has no debug flags`);
}
