import { type ModuleStats, type Rusage, rusageOf } from '../../../model/documents.ts';
import { MusterError } from '../../../model/error.ts';
import { toJson } from '../../../model/json.ts';
import { toThrown } from '../thrown.ts';
import { take } from './payload.ts';
import type { ModuleHere } from './realm-bus.ts';
import { rusageHere } from './rusage.ts';

/** What muster itself knows of a module and does with it. */
export interface Introspection {
  readonly module: ModuleHere;
  debugFlags: number;
  /** What `onStats` was given. */
  addStats: (() => Readonly<Record<string, unknown>>) | null;
}

/** What every module answers without a word of its author. */
export const builtins: ReadonlyMap<string, (of: Introspection, payload: unknown) => unknown> = new Map(
  Object.entries({
    ping: ({ module }: Introspection, payload: unknown) => ({ name: module.name(), payload: payload ?? null }),
    stats,
    statsClear: ({ module }: Introspection) => {
      module.meter.clear();
      return null;
    },
    debug,
    rusage,
    shutdown: ({ module }: Introspection) => {
      module.shutDown();
      return null;
    },
  }),
);

const returned = 'what it returns';

/** What `onStats` adds; the counters are to be had whatever that does, with what is wrong beside them. */
export function ownStats({ module, addStats }: Introspection): Readonly<Record<string, unknown>> {
  if (addStats === null) return {};
  try {
    const added: unknown = module.run(addStats);
    const isObject = typeof added === 'object' && added !== null && !Array.isArray(added);
    if (!isObject) throw new MusterError('EINVAL', `${returned} is no object`);
    // As clients of the socket get it, so that all who look see the same.
    return toJson(take(added, returned).payload, returned) as Record<string, unknown>;
  } catch (error) {
    return { error: `onStats: ${toThrown(error).message}` };
  }
}

function stats(of: Introspection): ModuleStats {
  const { tx, rx, dropped } = of.module.meter.read();
  return { ...ownStats(of), tx, rx, ...(dropped === 0 ? {} : { dropped }) };
}

const operations = {
  set: (_: number, flags: number) => flags,
  setbit: (before: number, flags: number) => before | flags,
  clearbit: (before: number, flags: number) => before & ~flags,
  clear: () => 0,
};

/** Without `op` it only tells the flags. */
function debug(of: Introspection, payload: unknown): { flags: number } {
  const { op, flags = 0 } = fieldsOf(payload);
  if (!(typeof flags === 'number' && Number.isInteger(flags) && flags >= 0 && flags <= 0xffffffff)) {
    throw new MusterError('EINVAL', `debug: ${String(flags)} is no number of 32 bits`);
  }
  if (op !== undefined) {
    if (typeof op !== 'string' || !Object.hasOwn(operations, op)) {
      throw new MusterError('EINVAL', `debug: no operation ${String(op)}; there are ${Object.keys(operations).join(', ')}`);
    }
    of.debugFlags = operations[op as keyof typeof operations](of.debugFlags, flags) >>> 0;
  }
  return { flags: of.debugFlags };
}

function rusage(_: Introspection, payload: unknown): Rusage {
  const { who = 'self' } = fieldsOf(payload);
  const known = rusageOf.find((one) => one === who);
  if (known === undefined) throw new MusterError('EINVAL', `rusage: not of ${String(who)}; there are ${rusageOf.join(', ')}`);
  return rusageHere(known);
}

function fieldsOf(payload: unknown): Record<string, unknown> {
  return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : {};
}
