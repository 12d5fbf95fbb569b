import { constants } from 'node:os';
import { MusterError } from '../model/error.ts';

const numbers = constants.signals as Readonly<Record<string, number>>;
const firstRealTime = 34; // glibc keeps 32 and 33 for itself
const lastRealTime = 64;

/** `SIGTERM`, `hup`, `SIGRTMIN+3`, `RTMAX-1`, `15` -> its number. */
export function signalNumber(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= lastRealTime) return Number(text);
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const known = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (known !== undefined) return known;
  const match = /^SIGRT(?:MIN(?:\+(\d+))?|MAX(?:-(\d+))?)$/.exec(name);
  if (match !== null) {
    const number = name.startsWith('SIGRTMIN') ? firstRealTime + Number(match[1] ?? 0) : lastRealTime - Number(match[2] ?? 0);
    if (number >= firstRealTime && number <= lastRealTime) return number;
  }
  throw new MusterError('EINVAL', `there is no signal "${text}"`, {
    hint: 'a name or a number as in `kill -l`: HUP, SIGUSR1, SIGRTMIN+3, 15',
  });
}

/** To one program, not to what it has started. */
export function signalProgram(pid: number, signal: string, name: string): void {
  const number = signalNumber(signal);
  try {
    process.kill(pid, number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') throw new MusterError('ENOENT', `${name} has no process`);
    throw new MusterError('EPERM', `${name} cannot be sent ${signal}: the process of another user`, { cause: error });
  }
}

/** The name of a signal that Node has no name for. */
export function realTimeName(number: number): string {
  if (number < firstRealTime) return `SIG${number}`;
  return number === firstRealTime ? 'SIGRTMIN' : `SIGRTMIN+${number - firstRealTime}`;
}

export function signalName(number: number): string {
  return Object.keys(numbers).find((name) => numbers[name] === number) ?? realTimeName(number);
}
