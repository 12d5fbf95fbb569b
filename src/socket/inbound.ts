import { nestingLimit } from '../model/bus.ts';
import { MusterError } from '../model/error.ts';
import type { Message } from '../model/message.ts';
import { isTooDeep } from './json.ts';

export type Request = Extract<Message, { type: 'request' }>;

/** A message that a client may send; throws `EPROTO` for anything else. */
export function parseMessage(line: string): Message {
  if (isTooDeep(line)) throw wrong(`a message is nested at most ${nestingLimit} deep`, line);
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

function wrong(rule: string, line: string): MusterError {
  return new MusterError('EPROTO', `${rule}; got ${quote(line)}`);
}

const shown = 80;

function quote(line: string): string {
  return JSON.stringify(line.length > shown ? `${line.slice(0, shown)}…` : line);
}
