import { constants } from 'node:os';
import { MusterError } from '../model/error.ts';

const numbers = constants.signals as Readonly<Record<string, number>>;
const firstRealTime = 34; // glibc keeps 32 and 33 for itself
const lastRealTime = 64;

/** `SIGTERM`, `SIGRTMIN+3`, `SIGRTMAX-1` -> its number. */
export function signalNumber(name: string): number {
  const known = numbers[name];
  if (known !== undefined) return known;
  const match = /^SIGRT(?:MIN(?:\+(\d+))?|MAX(?:-(\d+))?)$/.exec(name);
  if (match !== null) {
    const number = name.startsWith('SIGRTMIN') ? firstRealTime + Number(match[1] ?? 0) : lastRealTime - Number(match[2] ?? 0);
    if (number >= firstRealTime && number <= lastRealTime) return number;
  }
  throw new MusterError('EINVAL', `there is no signal "${name}"`, { hint: 'Names as in `kill -l`: SIGTERM, SIGHUP, SIGUSR1, SIGRTMIN+3' });
}

/** The name of a signal that Node has no name for. */
export function realTimeName(number: number): string {
  if (number < firstRealTime) return `SIG${number}`;
  return number === firstRealTime ? 'SIGRTMIN' : `SIGRTMIN+${number - firstRealTime}`;
}
