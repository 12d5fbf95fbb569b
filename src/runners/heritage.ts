import type { ModuleUsage } from './protocol.ts';

/** An instance that runs, as one daemon hands it over to the next. */
export interface InstanceHeritage {
  readonly id: number;
  /** Of the lease of its runner. */
  readonly runner: string;
  readonly alone: boolean;
  /** The service in whose realm it is. */
  readonly host: number | null;
  readonly threadId: number | null;
  readonly reconfigurable: boolean;
  readonly saves: boolean;
  readonly elsewhere: boolean;
  readonly startedAt: number;
  readonly usage: ModuleUsage;
  readonly output: readonly string[];
}

/** What the instance itself knows. */
export type Entrusted = Omit<InstanceHeritage, 'runner' | 'host'>;

/** One that is only about to start. */
export function freshInstance(id: number, now: number): Entrusted {
  const usage = { id, queued: 0, activeAt: 0 };
  return { id, alone: false, threadId: null, reconfigurable: false, saves: false, elsewhere: false, startedAt: now, usage, output: [] };
}
