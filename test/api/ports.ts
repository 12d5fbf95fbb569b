import { createApi } from '../../src/api/api.ts';
import type { ApiBus, ApiPorts, Asker, Call } from '../../src/api/call.ts';
import type { ModuleStats, ModuleView, Rusage } from '../../src/model/documents.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Loaded } from '../../src/model/module.ts';
import { moduleView } from '../render/module-view.ts';

/** What the methods about messages touch of the daemon. */
export interface World {
  modules: Map<string, Loaded>;
  stats: Map<string, ModuleStats | MusterError>;
  cleared: string[];
  bus: ApiBus;
}

const never = (): never => {
  throw new Error('nobody should ask this');
};

export function makeWorld(modules: readonly (Partial<ModuleView> & { name: string })[], bus: Partial<ApiBus> = {}) {
  const world: World = {
    modules: new Map(modules.map((view) => [view.name, { name: view.name, kind: view.kind ?? 'code' } as Loaded])),
    stats: new Map(),
    cleared: [],
    bus: { request: never, publish: never, trace: never, ...bus },
  };
  const instances = {
    snapshot: () => world.modules,
    get: (name: string) => world.modules.get(name),
    views: () => modules.map((view) => moduleView(view)),
    refresh: async () => {},
    async stats(name: string): Promise<ModuleStats> {
      const stats = world.stats.get(name) ?? new MusterError('ENOENT', `no module "${name}" is loaded`);
      if (stats instanceof MusterError) throw stats;
      return stats;
    },
    clearStats: async (name: string) => void world.cleared.push(name),
    rusage: async (): Promise<Rusage> => ({ utime: 1, stime: 2, maxrss: 3 }),
  };
  const context = {
    ports: { instances, clock: { now: Date.now }, store: { state: { holds: new Map() } } },
    outcome: null,
  };
  const ports = {
    engine: { context },
    bus: world.bus,
    refreshFacts: async () => {},
    keeperTrouble: () => null,
    rusage: () => ({ utime: 7, stime: 0, maxrss: 1 }),
    mask: (text: string) => text.replaceAll('hunter22', '***'),
    pid: 1,
    version: '1.2.3',
  } as unknown as ApiPorts;
  const api = createApi(ports);
  const ask = async (method: string, payload: unknown = {}, call: Partial<Call> = {}): Promise<unknown> =>
    api(`muster.${method}`, payload, { part: async () => {}, signal: new AbortController().signal, ...call });
  return { world, ask };
}

export const asker = (control: Asker['control']): Asker => ({ name: 'panel', address: 7, control });
