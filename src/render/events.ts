import type { EventDoc } from '../model/documents.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** One event on one line, its time in UTC. */
export function eventText({ at, type, name, message }: EventDoc, style: Style = plainStyle): string {
  const time = at.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  const text = printable(message.replace(/\s*\n\s*/g, ' | '));
  return `${style.dim(time)}  ${type.padEnd(7)} ${name === undefined ? '' : `${style.bold(printable(name))}: `}${text}`;
}
