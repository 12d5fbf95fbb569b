import { inspect } from 'node:util';
import { fromWire, MusterError, type WireError } from '../../../model/error.ts';

/** A message goes whole up to so many characters: what a handler throws is bounded as its results are. */
const longestMessage = 64 * 1024;

/** Whatever a handler threw, as its caller gets it: its `code` and `hint` where they are text, else EFAILED. */
export function faultOf(thrown: unknown): WireError {
  const code = textOf(thrown, 'code');
  const message = textOf(thrown, 'message') ?? (typeof thrown === 'string' ? thrown : shown(thrown));
  const hint = textOf(thrown, 'hint');
  return {
    code: code === undefined || code === '' ? 'EFAILED' : code.slice(0, 128),
    message: message.slice(0, longestMessage),
    ...(hint === undefined ? {} : { hint: hint.slice(0, longestMessage) }),
  };
}

/** What came as the error of a failure, as one to be thrown. */
export function errorOf(wire: unknown): MusterError {
  const code = textOf(wire, 'code');
  const message = textOf(wire, 'message');
  if (code === undefined || message === undefined) return new MusterError('EPROTO', 'the answer is an error that says nothing');
  return fromWire(wire as WireError);
}

function textOf(thrown: unknown, key: string): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  try {
    const value = (thrown as Record<string, unknown>)[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function shown(thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 2 });
  } catch {
    return 'something that cannot be shown was thrown';
  }
}
