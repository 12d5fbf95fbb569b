import type { LastExit, ModuleView } from '../model/documents.ts';
import type { Launch } from '../model/driver.ts';
import type { Target } from '../model/instances.ts';
import type { Finished, LoadedRecord, State } from '../model/module.ts';
import type { RestartHistory } from './restart-policy.ts';

/** One listed module, as one daemon hands it over to the next. Times are ms since the epoch. */
export interface InstanceHeritage {
  readonly record: LoadedRecord;
  readonly target: Target | null;
  readonly runsAs: Target | null;
  readonly started: boolean;
  readonly startedAt: number | null;
  readonly lastActive: number;
  readonly lastExit: LastExit | null;
  readonly lastOutput: readonly string[];
  readonly standing: StandingHeritage;
  readonly restarts: RestartsHeritage;
  readonly crashLoop: CrashLoopHeritage;
  readonly status: StatusHeritage;
  /** What it saved, where it comes back with its service. */
  readonly suspended: { readonly state: Uint8Array | null } | null;
  readonly run: RunHeritage | null;
}

export interface StandingHeritage {
  readonly state: State;
  readonly failed: boolean;
  readonly finished: Finished | null;
  readonly since: number;
}

export interface RestartsHeritage {
  readonly count: number;
  readonly history: RestartHistory;
  /** When it is to be started again; `at` null: it waits for its service. */
  readonly due: { readonly at: number | null } | null;
}

export interface CrashLoopHeritage {
  readonly times: readonly number[];
  readonly looping: boolean;
  readonly holdsAt: number | null;
}

export interface StatusHeritage {
  readonly own: ModuleView['status'];
  readonly complaints: readonly (readonly [about: string, status: ModuleView['status']])[];
}

/** A run in state R. */
export interface RunHeritage {
  readonly launch: Launch;
  readonly startedAt: number;
  readonly ranSince: number;
  /** For `Driver.inherit`. */
  readonly data: unknown;
}
