import type { LoadedRecord, State } from './module.ts';
import type { Plan, Target } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Settings } from './settings.ts';
import type { HoldDoc } from './status-doc.ts';

/** The text that an exported state begins with, so that it is told from a config without parsing it. */
export const stateKind = 'State';

/** `muster export`: all that a plan needs to know of a daemon, and nothing secret. */
export interface StateDoc {
  kind: typeof stateKind;
  formatVersion: string;
  exportedAt: string;
  /** Of the muster that wrote it. */
  version: string;
  target: Target;
  /** The files that the daemon was started with, absolute; where the config comes from a source its file there, and the commit in force. */
  config: { files: string[]; revision: string | null };
  /** Of the generation in force: its policy, and the names it declared; null before the first. */
  applied: { policy: Policy; names: string[] } | null;
  holds: HoldDoc[];
  /** What differed from the generation in force by then. */
  drift: Plan['drift'];
  /** By module what was set by hand over its config. */
  settings: Record<string, Settings>;
  /** By service who has registered it. */
  registered: Record<string, string>;
  /** Names of the daemon's variables, for `onlyIf`. */
  env: string[];
  modules: LoadedState[];
  /** Finds what was damaged on the way; it proves nothing about who wrote it. */
  checksum: string;
}

/**
 * A loaded module. Its secrets are bare references without fingerprints (`model/secret-ref.ts`), so its digest is not that of
 * the daemon: whoever reads it makes one of the spec as it stands.
 */
export interface LoadedState extends Omit<LoadedRecord, 'specDigest'> {
  state: State;
  failed: boolean;
  reconfigurable: boolean;
  started: boolean;
  finished?: { at: number; why: string };
  /** Its `files` hold a secret, and `codeDigest` is null instead of one that is made of that. */
  withheld?: true;
  /** Values of secrets stood in its spec where none is declared; there is `***` in place of them. */
  masked?: true;
}
