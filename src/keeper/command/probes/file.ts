import { stat } from 'node:fs/promises';
import { failureWords, type Probe } from './probe.ts';

/** Passes when something is there under this path, whatever it is. */
export function fileProbe(path: string): Probe {
  return {
    what: `file ${path}`,
    attempt: () => stat(path).then(() => null, failureWords),
  };
}
