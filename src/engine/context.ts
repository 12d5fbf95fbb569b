import { type Becoming, createBecoming } from '../apply/becoming.ts';
import { type Claims, createClaims } from '../apply/claims.ts';
import { oneByOne } from '../model/one-by-one.ts';
import type { Target } from '../model/plan.ts';
import { defaultPolicy, type Policy } from '../model/policy.ts';
import type { Alternatives } from '../model/requires.ts';
import type { LastReconcile } from '../model/status-doc.ts';
import type { Generation } from '../store/records.ts';
import { type Agreement, createTransitions, type Transitions } from './conditions.ts';
import { type Critical, createCritical } from './critical.ts';
import type { RunUnderWay } from './due.ts';
import { createEvents, type Events } from './events.ts';
import type { EnginePorts, WantedOutcome } from './ports.ts';
import type { KeptCode } from './retain.ts';

/** What the parts of the engine share: its ports and the little state that is not in the store or the instances. */
export interface EngineContext {
  readonly ports: EnginePorts;
  readonly claims: Claims;
  readonly becoming: Becoming;
  readonly events: Events;
  readonly critical: Critical;
  /** Aborted when the daemon stops: nothing new is started. */
  readonly stopping: AbortController;
  /** The generation in force; null before the first. */
  generation: Generation | null;
  /** The last reading of the daemon's own files. */
  outcome: WantedOutcome | null;
  lastReconcile: LastReconcile | null;
  /** The run over the whole config that is changing something now. */
  underWay: RunUnderWay | null;
  /** Whether what runs is as the files say, when that was looked at last; null: not yet. */
  agreement: Agreement | null;
  readonly transitions: Transitions;
  /** Runs over the whole config so far, by outcome. */
  readonly reconciles: Map<string, number>;
  startedAt: number;
  /** The look for commits under way that nobody has asked for; who goes back ends it. */
  look: AbortController | null;
  /** Runs that are watched, and taken back if they do not get healthy. */
  trials: number;
  /** What each generation that was looked at needs to be started. */
  readonly codeOf: Map<number, KeptCode>;
  /** Changes of settings are written one after the other: each is made of what was there. */
  readonly settingsTurn: ReturnType<typeof oneByOne>;
}

export function createContext(ports: EnginePorts): EngineContext {
  const shared = { ports, claims: createClaims(ports.clock), events: createEvents(ports.clock), stopping: new AbortController() };
  return {
    ...shared,
    becoming: createBecoming(),
    critical: createCritical(shared),
    generation: null,
    outcome: null,
    lastReconcile: null,
    underWay: null,
    agreement: null,
    transitions: createTransitions(ports.clock.now()),
    reconciles: new Map(),
    startedAt: ports.clock.now(),
    look: null,
    trials: 0,
    codeOf: new Map(),
    settingsTurn: oneByOne(),
  };
}

export function targetOf({ ports }: EngineContext): Target {
  const { daemonId, serial, generation } = ports.store.state;
  return { daemonId, host: ports.host, serial, generation };
}

/** Whether nothing is run but what somebody asks for: after a rollback the files have what was fled from. */
export function isPaused({ ports }: Pick<EngineContext, 'ports'>): boolean {
  return ports.store.state.paused !== null;
}

/** The policy of the last good reading, else, and while automatic runs are paused, of the generation in force. */
export function policyOf(context: EngineContext): Policy {
  const { outcome, generation } = context;
  return outcome?.ok === true && !isPaused(context) ? outcome.wanted.config.policy : (generation?.policy ?? defaultPolicy);
}

/** Which provider was chosen to have a service, as `policyOf`. */
export function alternativesOf(context: EngineContext): Alternatives {
  const { outcome } = context;
  return outcome?.ok === true && !isPaused(context) ? (outcome.wanted.config.alternatives ?? new Map()) : recordedAlternatives(context);
}

export function recordedAlternatives({ generation }: Pick<EngineContext, 'generation'>): Alternatives {
  return new Map(Object.entries(generation?.alternatives ?? {}));
}

/** By service who has registered it. */
export function registrations({ ports }: Pick<EngineContext, 'ports'>): [service: string, module: string][] {
  return ports.instances.views().flatMap(({ name, services }) => services.map((service): [string, string] => [service, name]));
}

/** Holds that are in force now. */
export function holdsNow({ ports }: EngineContext) {
  const now = ports.clock.now();
  return [...ports.store.state.holds.values()].filter((hold) => hold.until === null || hold.until > now);
}
