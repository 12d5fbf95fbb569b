import type { EngineHeritage } from '../../engine/heritage.ts';
import type { InstanceHeritage } from '../../instances/heritage.ts';
import type { BusHeritage } from '../../model/bus-heritage.ts';
import type { Held } from '../../model/keeper.ts';
import type { CodeHeritage } from '../../runners/code-driver.ts';

/**
 * What two daemons must have in common for one to go on with what the other runs: the shape of this, what runners are told and say,
 * and the journal. To be counted up with any change of these.
 */
export const heritageVersion = 3;

/** All that a daemon has in its memory, and that is not in the state dir. It goes from one to the other over a socket, and nowhere else. */
export interface Heritage {
  readonly instances: readonly InstanceHeritage[];
  readonly bus: BusHeritage;
  readonly code: CodeHeritage;
  readonly held: readonly Held[];
  readonly engine: EngineHeritage;
  readonly alternatives: readonly (readonly [service: string, module: string])[];
  /** Values that are not to be shown. */
  readonly secrets: readonly string[];
}
