import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';

/** An entry that runs a script of the shell in the folder of the config. */
export const sh = (script: string, more = ''): string =>
  `{command: [sh, -c, ${JSON.stringify(script).replaceAll('$', '$$$$')}], cwd: .${more === '' ? '' : `, ${more}`}}`;

export const soon = 'ready: {alive: 20ms}';
export const fast = 'backoff: {initial: 50ms, resetAfter: 1m}';
/** It runs until it may end: that it did is not left to chance. */
export const atGate = 'until test -e go; do sleep 0.1; done; ';

/** A file of the place; empty where there is none. */
export function readIn(place: Place, file: string): string {
  try {
    return readFileSync(join(place.dir, file), 'utf8');
  } catch {
    return '';
  }
}
