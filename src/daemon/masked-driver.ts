import type { ModuleStats } from '../model/documents.ts';
import type { Driver, Ended, Launched, LaunchHooks } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { PackageWire } from '../model/wire.ts';

/**
 * What a module says (status, errors, output) comes in through its driver. It is masked right here, so that no event, result,
 * list or log of muster can show a secret, wherever the words of a module get to.
 */
export function maskedDriver(driver: Driver, mask: (text: string) => string): Driver {
  const { inherit } = driver;
  return {
    ...driver,
    start: (launch, hooks) => maskedLaunched(driver.start(launch, maskedHooks(hooks, mask)), mask),
    ...(inherit === undefined
      ? {}
      : { inherit: (launch, data, hooks) => maskedLaunched(inherit(launch, data, maskedHooks(hooks, mask)), mask) }),
  };
}

function maskedHooks(hooks: LaunchHooks, mask: (text: string) => string): LaunchHooks {
  return {
    ...hooks,
    status: (level, message, override) => hooks.status(level, mask(message), override),
    waiting: (what) => hooks.waiting(maskedOrNull(what, mask)),
    health: (failure) => hooks.health(maskedOrNull(failure, mask)),
  };
}

function maskedLaunched(launched: Launched, mask: (text: string) => string): Launched {
  const masked = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error: unknown) => {
      throw maskedError(error, mask);
    });
  return {
    ...launched,
    ready: masked(launched.ready),
    ended: launched.ended.then((ended) => maskedEnd(ended, mask)),
    // What it saves is for the module itself: it goes to its next instance as it is.
    save: () => masked(launched.save()),
    reconfigure: (config) => masked(launched.reconfigure(config)),
    stats: async () => maskedValue(await launched.stats(), mask) as ModuleStats,
    awaited: () => maskedOrNull(launched.awaited?.() ?? null, mask),
    output: () => launched.output().map(mask),
    figures: () => {
      const { monitors, ...figures } = launched.figures?.() ?? {};
      return monitors === undefined ? figures : { ...figures, monitors: maskedValue(monitors, mask) as typeof monitors };
    },
    ...(launched.wire === undefined ? {} : { wire: () => maskedValue(launched.wire?.(), mask) as PackageWire }),
    ...(launched.trigger === undefined ? {} : { trigger: (...args) => masked(launched.trigger?.(...args) ?? Promise.resolve()) }),
  };
}

function maskedOrNull(text: string | null, mask: (text: string) => string): string | null {
  return text === null ? null : mask(text);
}

function maskedEnd(ended: Ended, mask: (text: string) => string): Ended {
  const { error } = ended;
  if (error === null) return { ...ended, reason: mask(ended.reason) };
  const stack = error.stack === undefined ? {} : { stack: mask(error.stack) };
  return { ...ended, reason: mask(ended.reason), error: { message: mask(error.message), ...stack } };
}

/** What a module adds to its counters may refer to itself. */
const deepest = 32;

/** Every text in it, names too. */
function maskedValue(value: unknown, mask: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === deepest) return null;
  const inner = (item: unknown): unknown => maskedValue(item, mask, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  // As the socket has them.
  if (value instanceof Map) return [...value].map(inner);
  if (value instanceof Set) return [...value].map(inner);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [mask(name), inner(item)]));
}

/** The cause is left out: it says the same once more, unmasked. A bug keeps its own stack. */
function maskedError(error: unknown, mask: (text: string) => string): unknown {
  if (!(error instanceof MusterError)) return error;
  const { code, message, hint, exitCode, diagnostics, output } = error;
  return new MusterError(code, mask(message), {
    ...(hint === undefined ? {} : { hint: mask(hint) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(diagnostics === undefined ? {} : { diagnostics }),
    ...(output === undefined ? {} : { output: output.map(mask) }),
  });
}
