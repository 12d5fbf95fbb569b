import type { Address } from '../../../model/bus.ts';
import type { FromRealm, FromRunner, ToRunner } from '../../protocol.ts';
import type { Resident } from './realm.ts';
import { cpuOfThread, rusage } from './rusage.ts';

type Asks<K extends ToRunner['type']> = Extract<ToRunner, { type: K }>;

/** What can be read of modules, also while they hang. */
export interface Figures {
  usage(message: Asks<'usage'>): void;
  stats(message: Asks<'stats'>): void;
  rusage(message: Asks<'rusage'>): void;
  ownStats(message: Extract<FromRealm, { type: 'ownStats' }>): void;
}

export interface FiguresOptions {
  readonly residents: ReadonlyMap<Address, Resident>;
  post(message: FromRunner): void;
}

/** Of a thread that is a module's own; whom that hosts is in it. */
function cpuOf({ realm, host }: Resident): { cpuSeconds?: number } {
  const cpuSeconds = realm.shared || host !== null || realm.tid === null ? null : cpuOfThread(realm.tid);
  return cpuSeconds === null ? {} : { cpuSeconds };
}

type OwnStats = Readonly<Record<string, unknown>>;
/** A module that hangs adds nothing. */
const ownStatsMs = 500;

export function createFigures({ residents, post }: FiguresOptions): Figures {
  const asked = new Map<number, (stats: OwnStats) => void>();
  let calls = 0;

  function ownOf({ id, realm }: Resident): Promise<OwnStats> {
    calls += 1;
    const call = calls;
    return new Promise<OwnStats>((resolve) => {
      const timer = setTimeout(resolve, ownStatsMs, {});
      asked.set(call, (stats) => {
        clearTimeout(timer);
        resolve(stats);
      });
      realm.post({ type: 'ownStats', call, id });
    }).finally(() => asked.delete(call));
  }

  return {
    usage({ call, figures }) {
      const modules = [...residents.values()].map((resident) => {
        const { queued, activeAt, tx, rx, dropped } = resident.metered.meter.read();
        const shown = { id: resident.id, queued, activeAt };
        return figures ? { ...shown, figures: { tx, rx, dropped, ...cpuOf(resident) } } : shown;
      });
      post({ type: 'usage', call, modules });
    },
    async stats({ call, id, clear }) {
      const resident = residents.get(id);
      if (resident === undefined) return post({ type: 'stats', call, stats: {} });
      const { meter } = resident.metered;
      const own = clear ? {} : await ownOf(resident);
      const { tx, rx, dropped } = meter.read();
      if (clear) meter.clear();
      post({ type: 'stats', call, stats: { ...own, tx, rx, ...(dropped === 0 ? {} : { dropped }) } });
    },
    rusage: ({ call, id, who }) => post({ type: 'rusage', call, rusage: rusage(who, residents.get(id)?.realm.tid ?? null) }),
    ownStats: ({ call, stats }) => asked.get(call)?.(stats),
  };
}
