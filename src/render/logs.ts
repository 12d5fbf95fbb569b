import type { LogRecord } from '../model/documents.ts';
import type { LogLevel } from '../model/log-level.ts';
import { plainStyle, type Style } from './style.ts';

/**
 * Makes the printer of a stream of records. With `paint` each line begins with the name of its module, padded to the longest
 * seen so far. A level other than `info` is named, metadata of the user's own stands behind the line, and what muster itself says of
 * a module is marked. A record that goes on in the next one ends no line.
 */
export function logPrinter(paint: ((name: string) => string) | null, style: Style = plainStyle): (record: LogRecord) => string {
  let width = 0;
  let open: { name: string; stream: string } | null = null;
  return (record) => {
    const { name, stream, level, text, partial = false } = record;
    width = Math.max(width, name.length);
    const continues = open?.name === name && open.stream === stream;
    const broken = open !== null && !continues ? '\n' : '';
    open = partial ? { name, stream } : null;
    const column = paint === null || continues ? '' : `${paint(name)}${' '.repeat(width - name.length)} | `;
    const marked = stream === 'muster' ? style.dim(`[muster] ${text}`) : `${continues ? '' : levelWord(level, style)}${text}`;
    return `${broken}${column}${marked}${partial ? '' : `${behind(record, style)}\n`}`;
  };
}

function levelWord(level: LogLevel, style: Style): string {
  if (level === 'info') return '';
  const paint = level === 'error' ? style.error : level === 'warn' ? style.warning : style.dim;
  return `${paint(`${level}:`)} `;
}

/** Without what muster adds to the metadata of every record. */
function behind({ metadata = {} }: LogRecord, style: Style): string {
  const { command: _command, args: _args, ...own } = metadata;
  const pairs = Object.entries(own).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : `  ${style.dim(pairs.join(' '))}`;
}
