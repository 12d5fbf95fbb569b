import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { ReplaceOutcome, Target } from '../model/instances.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';
import { stateOf } from './save.ts';

type Ports = Pick<InstancePorts, 'clock' | 'services'>;

/** What ran, and what it saved for the next one: the way back. */
interface Former {
  readonly target: Target;
  readonly state: Uint8Array | null;
}

/**
 * Puts a new instance in the place of the old one (`Instances.replace`). Who asks it something meanwhile waits, but for the
 * time in which an old one serves on beside a new one.
 */
export async function replaceInstance(instance: Instance, target: Target, force: boolean, ports: Ports): Promise<ReplaceOutcome> {
  const { name } = instance;
  instance.turn += 1;
  const { turn } = instance;
  const superseded = (): boolean => instance.turn !== turn || instance.forgotten;
  ports.services.park(name);
  try {
    if (instance.runs.beside !== null) await withoutSecond(instance);
    const former = superseded() ? null : await formerOf(instance, force, ports);
    if (superseded()) return cancelled(instance);
    if (former !== null && 'status' in former) {
      instance.run?.launched.resume();
      return former;
    }
    if (former === null || !overlaps(instance, target)) return await inTurn(instance, target, former, superseded);
    instance.run?.launched.resume();
    ports.services.unpark(name);
    return await besideEachOther(instance, target, former, superseded);
  } finally {
    ports.services.unpark(name);
  }
}

/** A reload that this one takes the place of has left a run on its way up or out. */
async function withoutSecond({ runs }: Instance): Promise<void> {
  if (runs.beside?.role === 'next') runs.beside.run.kill();
  await runs.alone();
}

/** Null where nothing runs that could be brought back; an outcome where it refuses to go. */
async function formerOf(instance: Instance, force: boolean, { clock }: Ports): Promise<Former | ReplaceOutcome | null> {
  const { runsAs } = instance;
  if (instance.standing.state !== 'R' || runsAs === null) return null;
  try {
    return { target: runsAs, state: await stateOf(instance, clock) };
  } catch (error) {
    return force ? { target: runsAs, state: null } : { status: 'reverted', error: toWire(error) };
  }
}

/** Two at once need a place of their own each: not those that a service loads by their name. */
function overlaps({ standing, spec }: Instance, { desired }: Target): boolean {
  const isHosted = [spec.service, desired.spec.service].some((service) => service !== undefined && service !== 'none');
  return desired.spec.reload.strategy === 'overlap' && standing.state === 'R' && !isHosted;
}

/**
 * Stops the old instance and starts the new one. What ran and cannot be replaced is started again as it was. Where
 * nothing ran (E, B, not started) there is nothing to bring back: it is listed as the new one, failed.
 */
async function inTurn(instance: Instance, target: Target, former: Former | null, superseded: () => boolean): Promise<ReplaceOutcome> {
  await instance.stop('stopped to be replaced');
  if (superseded()) return cancelled(instance);
  try {
    await instance.start(target, former?.state ?? null);
    return { status: 'ok' };
  } catch (error) {
    if (superseded()) return cancelled(instance);
    return former === null ? { status: 'failed', error: toWire(error) } : revert(instance, former, error, superseded);
  }
}

/** The old one is stopped once the new one runs, and serves on if that fails; if it has ended meanwhile it is started again. */
async function besideEachOther(instance: Instance, target: Target, former: Former, superseded: () => boolean): Promise<ReplaceOutcome> {
  try {
    await instance.startBeside(target, former.state);
  } catch (error) {
    if (superseded()) return cancelled(instance);
    return instance.run === null ? revert(instance, former, error, superseded) : { status: 'reverted', error: toWire(error) };
  }
  await instance.runs.alone();
  return superseded() ? cancelled(instance) : { status: 'ok' };
}

async function revert(instance: Instance, former: Former, error: unknown, superseded: () => boolean): Promise<ReplaceOutcome> {
  try {
    await instance.start(former.target, former.state);
    return { status: 'reverted', error: toWire(error) };
  } catch (second) {
    if (superseded()) return cancelled(instance);
    const wire = toWire(error);
    return { status: 'failed', error: { ...wire, message: `${wire.message}; nor did the old one start again: ${messageOf(second)}` } };
  }
}

function cancelled({ name }: Instance): ReplaceOutcome {
  return { status: 'failed', error: toWire(new MusterError('ECANCELED', `the start of ${name} was cancelled`)) };
}
