import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { ReplaceOutcome, Target } from '../model/instances.ts';
import { isOneshot } from '../model/oneshot.ts';
import { loaderOf } from '../model/requires.ts';
import { type Guests, pauseGuests } from './guests.ts';
import type { Instance } from './instance.ts';
import type { InstancePorts } from './instance-ports.ts';
import { stateOf } from './save.ts';

interface Ports extends Pick<InstancePorts, 'clock' | 'services'> {
  /** What the module has loaded into itself, and what that has. */
  guestsOf(name: string): readonly Instance[];
}

/** What ran, and what it saved for the next one: the way back. */
interface Former {
  readonly target: Target;
  readonly state: Uint8Array | null;
}

/** One replacement under way. */
interface Step {
  readonly instance: Instance;
  readonly target: Target;
  /** Null where nothing ran that could be brought back. */
  readonly former: Former | null;
  /** Until the new one runs. */
  readonly servesOn: boolean;
  readonly guests: Guests;
  /** Somebody else has taken over. */
  superseded(): boolean;
}

/**
 * Puts a new instance in the place of the old one (`Instances.replace`). Who asks it something meanwhile waits, but for the
 * time in which an old one that has saved nothing serves on beside a new one.
 */
export async function replaceInstance(instance: Instance, target: Target, force: boolean, ports: Ports): Promise<ReplaceOutcome> {
  const { name } = instance;
  instance.turn += 1;
  const { turn } = instance;
  const superseded = (): boolean => instance.turn !== turn || instance.forgotten;
  let guests: Guests | null = null;
  ports.services.park(name);
  try {
    // A replacement that this one takes the place of has left a run on its way up or out.
    if (instance.runs.beside !== null) await instance.runs.alone();
    const former = superseded() ? null : await formerOf(instance, force, ports);
    if (superseded()) return cancelled(instance);
    if (former !== null && 'status' in former) return resumed(instance, former);
    const overlap = former !== null && overlaps(instance, target);
    // What it did after it has saved would be lost with it.
    const servesOn = overlap && former.state === null;
    if (servesOn) {
      instance.run?.launched.resume();
      ports.services.unpark(name);
    }
    guests = await pauseGuests(ports.guestsOf(name), { force, overlap }, ports);
    const step = { instance, target, former, servesOn, guests, superseded };
    if (superseded() || guests.refusal !== null) return stayed(step);
    return await (overlap ? besideEachOther(step, ports) : inTurn(step));
  } finally {
    ports.services.unpark(name);
    if (instance.standing.state !== 'R') guests?.giveUp();
  }
}

/** Null where nothing runs that could be brought back; an outcome where it refuses to go. */
async function formerOf(instance: Instance, force: boolean, { clock }: Ports): Promise<Former | ReplaceOutcome | null> {
  const { runsAs } = instance;
  const suspended = instance.suspension.take();
  if (runsAs === null) return null;
  if (suspended !== null) return { target: runsAs, state: suspended.state };
  if (instance.standing.state !== 'R') return null;
  try {
    return { target: runsAs, state: await stateOf(instance, clock) };
  } catch (error) {
    return force ? { target: runsAs, state: null } : { status: 'reverted', error: toWire(error) };
  }
}

/** Where it is loaded by a service, that has both of them for a while. What is done at its end takes no place. */
function overlaps({ standing, spec }: Instance, { desired }: Target): boolean {
  if (isOneshot(desired.spec) || loaderOf(spec) !== loaderOf(desired.spec)) return false;
  return desired.spec.reload.strategy === 'overlap' && standing.state === 'R';
}

/** It serves on, and so does what it has loaded. */
function stayed({ instance, guests, superseded }: Step): ReplaceOutcome {
  guests.resume();
  if (superseded() || guests.refusal === null) return cancelled(instance);
  return resumed(instance, { status: 'reverted', error: guests.refusal });
}

function resumed(instance: Instance, outcome: ReplaceOutcome): ReplaceOutcome {
  if (instance.standing.state === 'R') instance.run?.launched.resume();
  return outcome;
}

/**
 * Stops the old instance and starts the new one. What ran and cannot be replaced is started again as it was. Where
 * nothing ran (E, B, not started) there is nothing to bring back: it is listed as the new one, failed.
 */
async function inTurn({ instance, target, former, guests, superseded }: Step): Promise<ReplaceOutcome> {
  await instance.stop('stopped to be replaced', { replaced: true });
  await guests.gone();
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
async function besideEachOther(
  { instance, target, former, servesOn, guests, superseded }: Step,
  { services }: Pick<Ports, 'services'>,
): Promise<ReplaceOutcome> {
  try {
    await instance.startBeside(target, former?.state ?? null);
  } catch (error) {
    guests.resume();
    if (superseded()) return cancelled(instance);
    if (instance.run !== null || former === null) {
      const outcome: ReplaceOutcome = { status: 'reverted', error: toWire(error) };
      return servesOn ? outcome : resumed(instance, outcome);
    }
    return revert(instance, former, error, superseded);
  }
  // The old one has passed on to it; nobody has to wait until that has ended.
  if (!servesOn) services.unpark(instance.name);
  await instance.runs.alone();
  await guests.gone();
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
