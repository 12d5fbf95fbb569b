import { nestingLimit } from '../model/bus.ts';
import { MusterError } from '../model/error.ts';
import type { Message } from '../model/message.ts';
import { isTooDeep } from './json.ts';

export type Request = Extract<Message, { type: 'request' }>;

/** A message that a client may send; throws `EPROTO` for anything else. */
export function parseMessage(line: string): Message {
  if (isTooDeep(line)) throw wrong(`a message is nested at most ${nestingLimit} deep`, line);
  return sameAgain(line) ?? parseAny(line);
}

function parseAny(line: string): Message {
  let message: Record<string, unknown>;
  try {
    message = JSON.parse(line);
  } catch (error) {
    throw new MusterError('EPROTO', `a line is no JSON: ${quote(line)}`, { cause: error });
  }
  if (message === null || typeof message !== 'object' || Array.isArray(message)) throw wrong('a message is a JSON object', line);
  const { type, topic, id } = message;
  if (typeof topic !== 'string' || topic === '') throw wrong('a message has a topic', line);
  switch (type) {
    case 'request':
      if (!Number.isSafeInteger(id)) throw wrong('a request has a whole number as id', line);
      remember(topic, line);
      break;
    case 'control':
      if (topic !== 'cancel') throw wrong('the only control message of a client is cancel', line);
      if (!Number.isSafeInteger(id)) throw wrong('cancel has the id of a request', line);
      break;
    case 'event':
      break;
    default:
      throw wrong('a client sends messages of type request, event or control', line);
  }
  return message as Message;
}

let lastTopic = '';
let lastHead = '';
const beforePayload = ',"payload":';
const mostDigits = 15; // all of such numbers are safe

/** Requests that follow each other mostly differ in id and payload alone: then only those are read. */
function remember(topic: string, line: string): void {
  if (topic === lastTopic) return;
  const head = `{"type":"request","topic":${JSON.stringify(topic)},"id":`;
  if (!line.startsWith(head)) return;
  lastTopic = topic;
  lastHead = head;
}

/** Null: it is something else. */
function sameAgain(line: string): Message | null {
  if (lastHead === '' || !line.startsWith(lastHead) || line.at(-1) !== '}') return null;
  const start = lastHead.length;
  let id = 0;
  let at = start;
  for (let digit = digitAt(line, at); digit >= 0 && digit <= 9; digit = digitAt(line, at)) {
    id = id * 10 + digit;
    at += 1;
  }
  const leadingZero = at - start > 1 && digitAt(line, start) === 0;
  if (at === start || at - start > mostDigits || leadingZero || !line.startsWith(beforePayload, at)) return null;
  try {
    return { type: 'request', topic: lastTopic, id, payload: JSON.parse(line.slice(at + beforePayload.length, -1)) };
  } catch {
    return null;
  }
}

function digitAt(line: string, at: number): number {
  return line.charCodeAt(at) - 48;
}

function wrong(rule: string, line: string): MusterError {
  return new MusterError('EPROTO', `${rule}; got ${quote(line)}`);
}

const shown = 80;

function quote(line: string): string {
  return JSON.stringify(line.length > shown ? `${line.slice(0, shown)}…` : line);
}
