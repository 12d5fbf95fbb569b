import { exitWords } from '../keeper/death.ts';
import type { Driver, LaunchHooks } from '../model/driver.ts';
import { MusterError, messageOf } from '../model/error.ts';
import { isSuccess, isUnseen } from '../model/exit-status.ts';
import type { CommandSpec } from '../model/fields/table.ts';
import type { Child, Keeper, ProcessExit } from '../model/keeper.ts';
import type { Calls, ExitMeaning } from './options.ts';

/** One start of the program. */
interface Start {
  readonly hooks: LaunchHooks;
  readonly cancel: AbortController;
}

/** Brings the functions of the caller in where a file could only have data. */
export interface Called {
  /** For the driver. */
  readonly keeper: Keeper;
  /** Around the driver. */
  around(driver: Driver): Driver;
  /** How the program really ended last. */
  lastExit(): ProcessExit | null;
  /** A text in which its end is told, with how it really ended. */
  truly(text: string): string;
}

/** Codes by which the policy of restarts sees what the function meant, where the program's own would tell another story. */
const code = { success: 0, failure: 1, noRestart: 2 };
export const calledStatus: CommandSpec['exitStatus'] = { success: [code.success], noRestart: [code.noRestart] };

export function createCalled(keeper: Keeper, { waitFor, exitStatus }: Calls): Called {
  let start: Start | null = null;
  let last: { readonly real: ProcessExit; readonly told: ProcessExit } | null = null;

  return {
    keeper: {
      ...keeper,
      async spawn(spec) {
        if (spec.beforehand) return keeper.spawn(spec);
        if (waitFor !== null && start !== null) await waited(waitFor, spec.name, start);
        return judged(await keeper.spawn(spec));
      },
    },
    around: (driver) => ({
      ...driver,
      start(launch, hooks) {
        const mine: Start = { hooks, cancel: new AbortController() };
        start = mine;
        const launched = driver.start(launch, hooks);
        return {
          ...launched,
          stop(options) {
            mine.cancel.abort();
            launched.stop(options);
          },
          kill() {
            mine.cancel.abort();
            launched.kill();
          },
        };
      },
    }),
    lastExit: () => last?.real ?? null,
    truly: (text) => (last === null ? text : text.replaceAll(exitWords(last.told), exitWords(last.real))),
  };

  function judged(child: Child): Child {
    return { ...child, exited: child.exited.then(judge) };
  }

  function judge(real: ProcessExit): ProcessExit {
    const told = exitStatus === null ? real : toldAs(real, exitStatus);
    last = { real, told };
    return told;
  }

  function toldAs(exit: ProcessExit, status: NonNullable<Calls['exitStatus']>): ProcessExit {
    const meant = meaningOf(exit, status);
    if (meant === 'noRestart') return { ...exit, code: code.noRestart, signal: null };
    const natural = !isUnseen(exit) && isSuccess({ ...exit, error: null }, calledStatus);
    if (natural === (meant === 'success') && exit.code !== code.noRestart) return exit;
    return { ...exit, code: code[meant], signal: null };
  }
}

/** What it throws at, and any other answer, is a failure. */
function meaningOf(exit: ProcessExit, status: NonNullable<Calls['exitStatus']>): ExitMeaning {
  try {
    const meant = status(exit);
    return meant === 'success' || meant === 'noRestart' ? meant : 'failure';
  } catch {
    return 'failure';
  }
}

async function waited(waitFor: NonNullable<Calls['waitFor']>, name: string, { hooks, cancel: { signal } }: Start): Promise<void> {
  hooks.waiting('its waitFor function to return');
  await new Promise<void>((resolve, reject) => {
    const cancel = (): void => reject(new MusterError('ECANCELED', `the start of ${name} was cancelled while its waitFor function ran`));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    Promise.resolve()
      .then(() => waitFor(signal))
      .then(
        () => resolve(),
        (error: unknown) => reject(new MusterError('EFAILED', `${name} was not started: waitFor: ${messageOf(error)}`, { cause: error })),
      );
  });
  hooks.waiting(null);
}
