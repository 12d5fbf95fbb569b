import { MusterError, messageOf, toWire } from '../model/error.ts';
import type { Instances, Material, Target } from '../model/instances.ts';
import type { Desired, Loaded, LoadedRecord } from '../model/module.ts';
import type { Change, ChangeError, ChangeStatus } from '../model/plan.ts';
import { filesField } from '../plan/diff.ts';
import { recordOf } from './persist.ts';

/** Where values of secrets and compiled code come from. */
export interface Materials {
  material(desired: Desired): Promise<Material>;
  /** For a module that only the journal or an old generation knows. */
  restore(record: LoadedRecord): Promise<Material>;
}

export interface StepPorts {
  instances: Instances;
  materials: Materials;
}

export interface StepOptions {
  /** Skip the wait when stopping. */
  cancel: boolean;
  /** Replace also what cannot save its state. */
  force: boolean;
}

export interface StepOutcome {
  status: ChangeStatus;
  error: ChangeError | null;
}

/** Does one change to the instances. `target` is null for removals. Never throws for a fault of the module. */
export async function step(
  change: Change,
  target: (() => Promise<Target>) | null,
  before: Loaded | undefined,
  { cancel, force }: StepOptions,
  ports: StepPorts,
): Promise<StepOutcome> {
  try {
    if (change.action === 'remove' || target === null) await ports.instances.remove(change.name, { cancel });
    else return await become(change, await target(), before, force, ports);
    return { status: 'ok', error: null };
  } catch (error) {
    if (change.action === 'load' && isUntouched(error)) ports.instances.unstartable(change.name, messageOf(error));
    const status = change.action === 'reconfigure' || isUntouched(error) ? 'reverted' : 'failed';
    return { status: change.action === 'reload' || change.action === 'reconfigure' ? status : 'failed', error: toWire(error) };
  }
}

async function become(change: Change, target: Target, before: Loaded | undefined, force: boolean, ports: StepPorts): Promise<StepOutcome> {
  const { instances } = ports;
  switch (change.action) {
    case 'load':
      // What is listed already stays listed if it does not start, also when it was loaded by hand.
      if (before !== undefined) return replace(change, target, before, force, ports);
      await instances.load(target);
      break;
    case 'reload':
      return replace(change, target, before, force, ports);
    case 'reconfigure':
      await instances.reconfigure(change.name, target, { reread: rereads(change) });
      break;
    case 'rename':
      return rename(change, target, before, ports);
    case 'adopt':
      instances.adopt(change.name, target);
      break;
    case 'remove':
      throw new Error(`no target belongs to the removal of ${change.name}`);
  }
  return { status: 'ok', error: null };
}

/** What changes live beside the name is delivered under the new one; if the module refuses, it has its old name again. */
async function rename(change: Change, target: Target, before: Loaded | undefined, ports: StepPorts): Promise<StepOutcome> {
  const { instances } = ports;
  const { name, from = name } = change;
  if (change.fields.length === 0 || before === undefined) {
    instances.rename(from, target);
    return { status: 'ok', error: null };
  }
  instances.rename(from, await formerTarget(before, ports, name));
  try {
    await instances.reconfigure(name, target, { reread: rereads(change) });
    return { status: 'ok', error: null };
  } catch (error) {
    instances.rename(name, await formerTarget(before, ports, from));
    return { status: 'reverted', error: toWire(error) };
  }
}

async function replace(change: Change, target: Target, before: Loaded | undefined, force: boolean, ports: StepPorts): Promise<StepOutcome> {
  // First the old one takes the new name, so that it can be brought back under it.
  if (change.from !== undefined && before !== undefined) {
    ports.instances.rename(change.from, await formerTarget(before, ports, change.name));
  }
  const { instances } = ports;
  const wasDown = before?.state === 'R' && instances.get(change.name)?.state !== 'R';
  const outcome = await instances.replace(change.name, target, { force });
  if (outcome.status === 'ok') return { status: 'ok', error: null };
  if (!wasDown || outcome.status !== 'failed' || outcome.error.code === 'ECANCELED') return outcome;
  // It ran when this was planned and has ended since, as what a service loads does when that is reloaded: it is brought back too.
  const back = await instances.replace(change.name, await formerTarget(before, ports, change.name));
  return back.status === 'ok' ? { status: 'reverted', error: outcome.error } : outcome;
}

/** Set on errors that came before anything was touched: the material could not be had. */
export class UntouchedError extends MusterError {}

function isUntouched(error: unknown): boolean {
  return error instanceof UntouchedError;
}

/** The way back to what a module was before a change; null where there is nothing to go back to. Nothing is asked for its consent. */
export function undoOf(change: Change, before: Loaded | undefined, ports: StepPorts): (() => Promise<void>) | null {
  const { instances } = ports;
  if (before === undefined) return change.action === 'load' ? () => instances.remove(change.name) : null;
  const old = (name = change.name): Promise<Target> => formerTarget(before, ports, name);
  const relist = async (): Promise<void> => {
    await instances.remove(change.name);
    instances.restore(recordOf(before), before.finished);
  };
  switch (change.action) {
    case 'remove':
      // What did not run before is listed again; it is not started by a way back.
      return before.state === 'E' ? relist : async () => instances.load(await old());
    case 'load':
      return relist;
    case 'reload':
      // What has done its work does not do it again by a way back.
      if (before.finished !== undefined) return relist;
      return async () => {
        const outcome = await instances.replace(change.name, await old(), { force: true });
        if (outcome.status !== 'ok') throw new MusterError('EFAILED', outcome.error.message);
        if (change.from !== undefined) instances.rename(change.name, await old(change.from));
      };
    case 'reconfigure':
      return async () => instances.reconfigure(change.name, await old());
    case 'rename':
      return async () => {
        if (change.fields.length > 0) await instances.reconfigure(change.name, await old());
        instances.rename(change.name, await old(change.from));
      };
    case 'adopt':
      return async () => instances.adopt(change.name, await old());
  }
}

/** Whether it is told to read its files again. */
function rereads({ fields }: Change): boolean {
  return fields.some(({ path }) => path === filesField);
}

/** What a module was, under the name it is to have. */
async function formerTarget(before: Loaded, { materials }: StepPorts, name: string): Promise<Target> {
  const record = recordOf(before);
  const { origin, generation } = record;
  return { desired: { ...desiredOf(record), name }, origin, generation, material: await materials.restore(record) };
}

/** A record as something to be desired again. */
export function desiredOf(record: LoadedRecord): Desired {
  const { name, kind, spec, specDigest, codeDigest, path, version, source } = record;
  return { name, kind, spec, specDigest, codeDigest, path, ...(version === undefined ? {} : { version }), source };
}
