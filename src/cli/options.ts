import { MusterError } from '../model/error.ts';
import { parseDuration, parsePercent } from '../model/units.ts';
import type { OptionSpec } from './command.ts';

/** Milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new MusterError('EINVAL', `"${text}" is no duration`, { hint: 'write it as 250ms, 10s, 5m or 1h' });
  return ms;
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new MusterError('EINVAL', `"${text}" is no whole number`);
  return Number(text);
}

/** Any number, also with a fraction or an exponent. */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new MusterError('EINVAL', `"${text}" is no number`);
  return value;
}

/** A count, or a percentage as written. */
export function limit(text: string): number | string {
  if (/^\d+$/.test(text)) return Number(text);
  if (parsePercent(text) === null) throw new MusterError('EINVAL', `"${text}" is neither a count nor a percentage such as 50%`);
  return text;
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** An object, as JSON text. */
export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MusterError('EINVAL', `not JSON: ${text}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new MusterError('EINVAL', `expected a JSON object, found ${text}`);
}

/** `K=V`, several times. */
export function assignments(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new MusterError('EINVAL', `"${text}" is not of the form KEY=VALUE`);
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** Options of commands that change something. */
export interface RunOptions {
  dryRun?: boolean;
  override?: boolean;
  lockTimeout?: number;
  reason?: string;
  wait?: boolean;
  timeout?: number;
  autoRollback?: boolean;
}

export const dryRun: OptionSpec = { flags: '--dry-run', doc: 'print the plan and change nothing' };
export const override: OptionSpec = { flags: '--override', doc: 'also change what is held, protected or declared otherwise' };
export const reason: OptionSpec = { flags: '--reason <TEXT>', doc: 'why; kept with the generation and in the audit log' };
export const wait: OptionSpec = { flags: '--wait', doc: 'wait until all is healthy (exit 10 if it is not in time)' };
export const lockTimeout: OptionSpec = {
  flags: '--lock-timeout <DURATION>',
  doc: 'wait at most so long for what is in progress (exit 9 after that)',
  parse: duration,
};
export const timeout: OptionSpec = { flags: '--timeout <DURATION>', doc: 'how long --wait waits', parse: duration };
export const autoRollback: OptionSpec = {
  flags: '--auto-rollback',
  doc: 'go back to the generation before if it fails or is not healthy within --timeout',
};
export const detailedExitcode: OptionSpec = {
  flags: '--detailed-exitcode',
  doc: 'exit 2 instead of 0 if there are, or were, differences',
};
