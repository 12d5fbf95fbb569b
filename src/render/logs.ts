import type { LogRecord } from '../model/documents.ts';
import { plainStyle, type Style } from './style.ts';

/**
 * Makes the printer of a stream of records. With `paint` each line begins with the name of its module, padded to the longest
 * seen so far; what muster itself says of a module is marked. A record that goes on in the next one ends no line.
 */
export function logPrinter(paint: ((name: string) => string) | null, style: Style = plainStyle): (record: LogRecord) => string {
  let width = 0;
  let open: string | null = null;
  return ({ name, stream, text, partial }) => {
    width = Math.max(width, name.length);
    const continues = open === name;
    const broken = open !== null && !continues ? '\n' : '';
    open = partial === true ? name : null;
    const prefix = paint === null || continues ? '' : `${paint(name)}${' '.repeat(width - name.length)} | `;
    const body = stream === 'muster' ? style.dim(`[muster] ${text}`) : text;
    return `${broken}${prefix}${body}${partial === true ? '' : '\n'}`;
  };
}
