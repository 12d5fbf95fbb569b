import { fstatSync, writeSync } from 'node:fs';
import pino from 'pino';
import type { Log } from '../model/ports.ts';

const levels: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

export interface DaemonLogOptions {
  /** Where people look on: lines to read; else JSON lines. Both go to stderr. */
  terminal: boolean;
  level: string;
  /** Takes secrets out of whatever is written. */
  mask(text: string): string;
}

/** The daemon's own log. */
export function createDaemonLog({ terminal, level, mask }: DaemonLogOptions): Log {
  const toFile = isFile(2);
  const write = (line: string): void => {
    const text = mask(terminal ? readable(line) : line);
    try {
      if (toFile) writeSync(2, text);
      else process.stderr.write(text);
    } catch {
      // A log nobody can write to (a closed terminal, a full disk) must not end what it reports on.
    }
  };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

/** Node's stream over a file is gone for good after the first write that fails; the disk may have room again. */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

function readable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: string; msg: string };
  const rest = Object.entries(fields)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return `${time.slice(11, 19)} ${(levels[level] ?? String(level)).padEnd(5)} ${msg}${rest === '' ? '' : `  ${rest}`}\n`;
}
