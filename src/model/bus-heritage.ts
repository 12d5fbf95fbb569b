import type { Address, Party, RequestPacket } from './bus.ts';

/** What a bus knows, for that of the next daemon. Runners go by the ids of their leases. */
export interface BusHeritage {
  readonly runners: readonly RunnerOnBus[];
  readonly modules: readonly ModuleOnBus[];
  readonly instances: readonly InstanceOnBus[];
  /** Which module had a service before it died. */
  readonly lost: readonly (readonly [service: string, module: string])[];
  readonly order: number;
  readonly lastClient: number;
  /** Requests to service `muster` that nobody has begun with. */
  readonly unserved: readonly RequestPacket[];
}

export interface RunnerOnBus {
  readonly runner: string;
  readonly waiting: readonly (readonly [prefix: string, from: Address, count: number])[];
  /** Questions that are not answered yet. */
  readonly resolving: readonly { readonly from: Address; readonly call: number; readonly prefix: string }[];
  readonly globs: readonly string[];
  /** What it was told last that others subscribe. */
  readonly interest: readonly string[];
  readonly routes: readonly (readonly [prefix: string, address: Address])[];
}

export interface ModuleOnBus {
  readonly name: string;
  readonly absence: 'died' | 'backingOff' | 'exited' | null;
  readonly priority: number;
}

export interface InstanceOnBus extends Omit<Party, 'link'> {
  readonly runner: string;
  readonly state: 'running' | 'finalizing' | 'starting' | 'attached' | 'ended';
  readonly superseded: boolean;
  readonly order: number;
  readonly registered: readonly string[];
  readonly knownTo: readonly string[];
  readonly askers: readonly Address[];
  readonly asked: readonly Address[];
}
