import { MusterError } from '../model/error.ts';
import { maxLineBytes } from '../model/message.ts';
import { isTooDeep } from '../socket/json.ts';
import type { Io } from './io.ts';

const envelope = 4096; // what a message says beside its payload, and more
const mostBytes = maxLineBytes - envelope;

/** The operand JSON of a command: its value; `-` reads stdin; none is undefined. */
export async function jsonOperand(text: string | undefined, io: Io): Promise<unknown> {
  if (text === undefined) return undefined;
  const whole = text === '-' ? await io.read(mostBytes) : text;
  if (Buffer.byteLength(whole) > mostBytes) {
    const hint = 'send it in parts, or the name of a file that has it';
    throw new MusterError('E2BIG', `the payload is longer than a message can be: ${maxLineBytes / 1024 ** 2} MiB`, { hint });
  }
  if (isTooDeep(whole)) throw new MusterError('EINVAL', 'the payload is nested deeper than a message may be');
  return parseJson(whole);
}

/** Throws EINVAL with line and column: what Node says of the place differs from version to version, and is often nothing. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = faultOf(text);
    const before = text.slice(0, at).split('\n');
    const found = at >= text.trimEnd().length ? 'it ends too early' : `unexpected ${JSON.stringify([...text.slice(at, at + 2)][0])}`;
    throw new MusterError('EINVAL', `not JSON at ${before.length}:${(before.at(-1) ?? '').length + 1}: ${found}`, {
      cause,
      hint: `quote it for the shell, e.g. '{"who": "you"}'; - reads it from stdin`,
    });
  }
}

const blank = /[ \t\n\r]*/y;
const plain = /[ !#-[\]-\uffff]*/y;
const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where a text ceases to be JSON. Keeps its own stack: the text may be nested as deep as it likes. */
function faultOf(text: string): number {
  const open: ('{' | '[')[] = [];
  let at = 0;
  let wants: 'value' | 'key' | 'end' | 'firstKey' | 'firstValue' = 'value';
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length;
    if (length !== undefined) at += length;
    return length !== undefined;
  };
  const takeString = (): boolean => {
    if (text[at] !== '"') return false;
    at += 1;
    do take(plain);
    while (take(escaped));
    if (text[at] !== '"') return false;
    at += 1;
    return true;
  };
  for (;;) {
    take(blank);
    const next = text[at];
    const inside = open.at(-1);
    if (wants === 'end') {
      if (inside === undefined || (next !== ',' && next !== (inside === '{' ? '}' : ']'))) return at;
      at += 1;
      if (next === ',') wants = inside === '{' ? 'key' : 'value';
      else open.pop();
    } else if ((wants === 'firstKey' && next === '}') || (wants === 'firstValue' && next === ']')) {
      at += 1;
      open.pop();
      wants = 'end';
    } else if (wants === 'key' || wants === 'firstKey') {
      if (!takeString()) return at;
      take(blank);
      if (text[at] !== ':') return at;
      at += 1;
      wants = 'value';
    } else if (next === '{' || next === '[') {
      at += 1;
      open.push(next);
      wants = next === '{' ? 'firstKey' : 'firstValue';
    } else {
      if (next === '"' ? !takeString() : !take(word)) return at;
      wants = 'end';
    }
  }
}
