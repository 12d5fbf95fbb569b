import type { ServicesPort } from '../model/bus.ts';
import type { Driver } from '../model/driver.ts';
import type { Spec } from '../model/fields/table.ts';
import type { InstanceEvent, Target } from '../model/instances.ts';
import type { Clock, Log, Random } from '../model/ports.ts';
import type { Durations } from './durations.ts';

/** What instances get from the table that holds them. */
export interface InstancePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly services: ServicesPort;
  driverOf(target: Target): Driver;
  /** Whether the service that loads a module of this spec is there; true where muster loads it. */
  mayStart(spec: Spec): boolean;
  emit(event: InstanceEvent): void;
  /** How long starts take. */
  readonly starts: Durations;
  /** It is over, and nothing of it is to be listed any more. */
  forget(name: string): void;
}

export interface StopOptions {
  /** Skips the wait for a stop by its own will. */
  readonly cancel?: boolean;
  /** Another start of it follows. */
  readonly replaced?: boolean;
  /** Not to be listed any more once it is gone. Cannot be taken back. */
  readonly forget?: boolean;
  /** An override of the shown status: the user did this. */
  readonly byHand?: boolean;
}
