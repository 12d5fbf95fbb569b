import type { Counts, ModuleView } from './documents.ts';
import type { Kind } from './fields/table.ts';
import type { HistogramDoc } from './histogram.ts';
import type { Monitor } from './wire.ts';

/** What the driver of a module can tell of it at once, as of the last `Driver.refresh({figures: true})`. Counted since its start. */
export interface Figures {
  readonly tx?: Counts;
  readonly rx?: Counts;
  /** Events that were dropped for it or from it. */
  readonly dropped?: number;
  readonly outputBytes?: number;
  /** Bytes of output that were dropped. */
  readonly outputDropped?: number;
  /** Values that a package shows of itself. */
  readonly monitors?: Readonly<Record<string, Monitor>>;
  /** Seconds of processor time of its own thread. */
  readonly cpuSeconds?: number;
}

type Shown = 'name' | 'kind' | 'isolation' | 'host' | 'service' | 'origin' | 'generation' | 'state' | 'failed' | 'healthy' | 'status';
type Counted = 'pid' | 'idle' | 'queued' | 'restarts' | 'since' | 'startedAt';

/** One module: what `list` shows of it, and what is counted. */
export interface ModuleMetrics extends Pick<ModuleView, Shown | Counted>, Figures {
  readonly held: boolean;
  /** Folder of the cgroup that it has for itself. */
  readonly cgroup: string | null;
}

/** How long starts, or reloads, took. */
export interface Took {
  readonly kind: Kind;
  readonly outcome: 'ok' | 'reverted' | 'failed';
  readonly seconds: HistogramDoc;
}

/**
 * `muster.metrics`: figures that stand in no other document. They begin anew with the daemon. What the system counts of processes
 * and cgroups it tells everybody, by `pid` and `cgroup`: to ask it a thousand times is not for the daemon.
 */
export interface MetricsDoc {
  formatVersion: string;
  at: string;
  /** From launch to running. A start that was called off is not counted, nor a oneshot, which never runs. */
  starts: readonly Took[];
  reloads: readonly Took[];
  /** Runs over the whole config, by outcome. */
  reconciles: Readonly<Record<string, number>>;
  modules: ModuleMetrics[];
}
