import type { Counts, ModuleView } from './documents.ts';
import type { Kind } from './fields/table.ts';
import type { HistogramDoc } from './histogram.ts';

/** What the driver of a module can tell of it at once, as of the last `Driver.refresh({figures: true})`. Counted since its start. */
export interface Figures {
  readonly tx?: Counts;
  readonly rx?: Counts;
  /** Events that were dropped for it or from it. */
  readonly dropped?: number;
  readonly outputBytes?: number;
  /** Bytes of output that were dropped. */
  readonly outputDropped?: number;
  /** Seconds of processor time of its own thread. */
  readonly cpuSeconds?: number;
}

/** Of one process. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  /** Resident. */
  readonly memoryBytes: number;
}

/** What the kernel counts of a cgroup; null: not of this one. */
export interface CgroupFigures {
  readonly memoryBytes: number | null;
  readonly cpuSeconds: number | null;
  /** Held back by `cpuMax`. */
  readonly throttledSeconds: number | null;
  readonly pids: number | null;
}

type Shown = 'name' | 'kind' | 'isolation' | 'host' | 'service' | 'origin' | 'generation' | 'state' | 'failed' | 'healthy' | 'status';
type Counted = 'idle' | 'queued' | 'restarts' | 'since' | 'startedAt';

/** One module: what `list` shows of it, and what is counted. Where it has a process of its own `cpuSeconds` is of that. */
export interface ModuleMetrics extends Pick<ModuleView, Shown | Counted>, Figures {
  readonly held: boolean;
  /** Of its own process. */
  readonly memoryBytes?: number;
  /** Its own. */
  readonly cgroup?: CgroupFigures;
}

/** A runner process, in which several modules may live. */
export interface RunnerMetrics extends ProcessFigures {
  readonly pid: number;
  readonly modules: number;
}

/** How long starts, or reloads, took. */
export interface Took {
  readonly kind: Kind;
  readonly outcome: 'ok' | 'reverted' | 'failed';
  readonly seconds: HistogramDoc;
}

/** `muster.metrics`: figures that stand in no other document. They begin anew with the daemon. */
export interface MetricsDoc {
  formatVersion: string;
  at: string;
  /** The daemon's own process; null: it cannot be told. */
  daemon: ProcessFigures | null;
  runners: RunnerMetrics[];
  /** From launch to running. A start that was called off is not counted, nor a oneshot, which never runs. */
  starts: readonly Took[];
  reloads: readonly Took[];
  /** Runs over the whole config, by outcome. */
  reconciles: Readonly<Record<string, number>>;
  modules: ModuleMetrics[];
}
