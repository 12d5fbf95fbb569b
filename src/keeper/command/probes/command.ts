import { exitWords } from '../../death.ts';
import type { RunAside } from '../aside.ts';
import { failureWords, type Probe } from './probe.ts';

/** Passes when the program exits with 0; what is left of it then, or when it takes too long, is killed. */
export function commandProbe(argv: readonly string[], run: RunAside): Probe {
  return {
    what: `command ${argv.join(' ')}`,
    costly: true,
    async attempt(signal) {
      try {
        const { exit, lastLine } = await run(argv, signal);
        if (signal.aborted) return 'no end in time';
        if (exit.code === 0) return null;
        return lastLine === '' ? exitWords(exit) : `${exitWords(exit)}: ${lastLine}`;
      } catch (error) {
        return failureWords(error);
      }
    },
  };
}
