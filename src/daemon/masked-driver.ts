import type { Driver, Ended, Launched } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';

/**
 * What a module says (status, errors, output) comes in through its driver. It is masked right here, so that no event, result,
 * list or log of muster can show a secret, wherever the words of a module get to.
 */
export function maskedDriver(driver: Driver, mask: (text: string) => string): Driver {
  return {
    start: (launch, hooks) => {
      const launched = driver.start(launch, {
        ...hooks,
        status: (level, message) => hooks.status(level, mask(message)),
      });
      return maskedLaunched(launched, mask);
    },
  };
}

function maskedLaunched(launched: Launched, mask: (text: string) => string): Launched {
  return {
    ...launched,
    ready: launched.ready.catch((error: unknown) => {
      throw maskedError(error, mask);
    }),
    ended: launched.ended.then((ended) => maskedEnd(ended, mask)),
    reconfigure: (config) =>
      launched.reconfigure(config).catch((error: unknown) => {
        throw maskedError(error, mask);
      }),
    output: () => launched.output().map(mask),
  };
}

function maskedEnd(ended: Ended, mask: (text: string) => string): Ended {
  const { error } = ended;
  if (error === null) return { ...ended, reason: mask(ended.reason) };
  const stack = error.stack === undefined ? {} : { stack: mask(error.stack) };
  return { ...ended, reason: mask(ended.reason), error: { message: mask(error.message), ...stack } };
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
