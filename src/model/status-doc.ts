import type { Diagnostic } from './diagnostic.ts';
import type { Containment, ModuleView } from './documents.ts';
import type { State } from './module.ts';
import type { ReceiverDoc } from './notify.ts';
import type { Summary } from './plan.ts';
import type { SourceDoc } from './source.ts';

/** What keeps a module as it is; `*` holds everything. */
export interface HoldDoc {
  name: string;
  reason: string;
  since: string;
  /** null = until released. */
  until: string | null;
  /** True if the module was stopped with it and stays so. */
  stopped?: boolean;
}

export interface Condition {
  type: string;
  status: boolean;
  reason: string;
  message: string;
  since: string;
}

export interface LastReconcile {
  at: string;
  trigger: string;
  /** Who asked for it, in the words of who did; absent: nobody. */
  by?: string;
  outcome: string;
  exitCode: number;
  planId: string;
  changes: { name: string; action: string; status: string; error: string | null }[];
  diagnostics: Diagnostic[];
}

/** `status --json` (CONTRACT §6). */
export interface StatusDoc {
  formatVersion: string;
  daemonId: string;
  name: string;
  pid: number;
  version: string;
  node: string;
  stateDir: string;
  startedAt: string;
  /** The repository that the config comes from; null: it comes from its own files. */
  source: SourceDoc | null;
  config: { files: string[]; digest: string | null; revision: string | null; valid: boolean; diagnostics: Diagnostic[] };
  generation: number;
  serial: number;
  synced: boolean;
  healthy: boolean;
  unhealthy: { name: string; reason: string }[];
  /** Modules that are at level warn or error, and why. */
  statuses: ({ name: string } & ModuleView['status'])[];
  pending: { summary: Summary | null; guards: string[] };
  counts: Record<State, number>;
  lastReconcile: LastReconcile | null;
  held: HoldDoc[];
  drift: { name: string; text: string }[];
  paused: boolean;
  containment: Containment;
  /** Those that are told of what happens (`notify`). */
  notify: ReceiverDoc[];
  conditions: Condition[];
}
