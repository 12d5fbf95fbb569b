import type { Diagnostic } from '../model/diagnostic.ts';
import type { Desired, Loaded, Reason } from '../model/module.ts';
import type { Change, HeldEntry, SkippedEntry, UnmanagedEntry } from '../model/plan.ts';
import type { PlanInput } from '../model/plan-input.ts';
import type { Drops } from './drops.ts';
import type { Holds } from './holds.ts';
import type { Reach } from './reach.ts';
import type { Relations } from './requires.ts';
import type { Services } from './services.ts';

/** What is settled before names are looked at one by one. */
export interface Terms {
  readonly input: PlanInput;
  /** The declared modules that are to run: desired without the skipped. */
  readonly wanted: ReadonlyMap<string, Desired>;
  /** By name, with the reason. */
  readonly skipped: ReadonlyMap<string, SkippedEntry>;
  /** Those of the wanted that have to do with services, and those of the loaded. */
  readonly services: Services<Desired>;
  readonly existing: Services<Loaded>;
  /** How the wanted modules refer to each other, and to what else is loaded. */
  readonly next: Relations;
  /** How the loaded modules do. */
  readonly last: Relations;
  readonly dropped: Drops;
  readonly holds: Holds;
  readonly reach: Reach;
  /** New name -> former name. */
  readonly renames: ReadonlyMap<string, string>;
}

/** A plan in the making: the steps of `plan()` add to it and take from it. */
export interface Draft extends Terms {
  readonly changes: Map<string, Change>;
  readonly held: Map<string, HeldEntry>;
  readonly unmanaged: Map<string, UnmanagedEntry>;
  /** Loads put off: what they require is not there (`waiting.ts`). */
  readonly putOff: Map<string, SkippedEntry>;
  /** Names that `only` or `skip` left out although there was something to do. */
  readonly leftOut: Set<string>;
  readonly diagnostics: Diagnostic[];
  unchanged: number;
}

/** What is to be done with one module, before holds and filters. */
export interface Verdict {
  readonly action: Change['action'];
  readonly reason: Reason;
  readonly fields: Change['fields'];
}

/** The record a change starts from, under its former name if it is a rename; undefined for a new one. */
export function loadedOf(draft: Draft, change: Change): Loaded | undefined {
  return draft.input.loaded.get(change.from ?? change.name);
}

/** The spec a change leads to; undefined for a removal. */
export function specAfter(draft: Draft, change: Change): Desired['spec'] | undefined {
  if (change.action === 'remove') return undefined;
  return (change.asLoaded === true ? loadedOf(draft, change) : draft.wanted.get(change.name))?.spec;
}
