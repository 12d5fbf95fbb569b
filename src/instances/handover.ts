import type { InstanceHeritage } from './heritage.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';

/** Whether it can be handed over now: nothing of it is on its way up or down. */
export function isSteady({ standing: { state }, isAwaited, runs, run }: Instance): boolean {
  return state !== 'I' && state !== 'F' && !isAwaited && runs.isSteady() && (run !== null) === (state === 'R');
}

/** Hands it over to the next daemon as it is; nothing happens to it here after that. */
export function handOver(instance: Instance): { readonly heritage: InstanceHeritage; readonly left: Promise<void> } {
  const { record, target, runsAs, started, startedAt, lastExit, lastOutput, suspension } = instance;
  const lastActive = instance.activeAt();
  const given = instance.run?.handOver() ?? null;
  const heritage: InstanceHeritage = {
    ...{ record, target, runsAs, started, startedAt, lastActive, lastExit, lastOutput },
    standing: instance.standing.heritage(),
    restarts: instance.restarts.heritage(),
    crashLoop: instance.crashLoop.heritage(),
    status: instance.status.heritage(),
    suspended: suspension.active ? { state: suspension.state } : null,
    run: given?.heritage ?? null,
  };
  return { heritage, left: given?.left ?? Promise.resolve() };
}

/** Goes on with it as another daemon had it. */
export function inherit(instance: Instance, from: InstanceHeritage, { driverOf }: Pick<InstancePorts, 'driverOf'>): void {
  const { target, runsAs, started, startedAt, lastActive, lastExit, lastOutput, suspended, run } = from;
  Object.assign(instance, { target, runsAs, started, startedAt, lastActive, lastExit, lastOutput });
  instance.standing.inherit(from.standing);
  instance.status.inherit(from.status);
  instance.crashLoop.inherit(from.crashLoop);
  if (suspended !== null) instance.suspension.begin(suspended.state);
  instance.restarts.inherit(from.restarts, () => instance.restart(suspended?.state ?? null), suspended === null);
  const startedFrom = runsAs ?? target;
  if (run !== null && startedFrom !== null) instance.runs.inherit(driverOf(startedFrom), run);
}

/** A service comes before what is in its realm. */
export function byStart(a: InstanceHeritage, b: InstanceHeritage): number {
  return (a.run?.startedAt ?? 0) - (b.run?.startedAt ?? 0);
}
