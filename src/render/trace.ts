import type { TraceRecord } from '../model/documents.ts';

export interface TraceStyle {
  /** Local time of day instead of the time in UTC; with `delta` the time since the line before. */
  human: boolean;
  delta: boolean;
  paint(type: TraceRecord['type'], text: string): string;
}

/** Makes the printer of a stream of messages, one line each; columns are as wide as the widest cell so far. */
export function tracePrinter({ human, delta, paint }: TraceStyle): (record: TraceRecord) => string {
  const widths: number[] = [];
  let last: number | null = null;
  return (record) => {
    const at = Date.parse(record.at);
    const time = !human ? record.at : delta ? deltaText(at - (last ?? at)) : timeOfDay(new Date(at));
    last = at;
    const { type, from, to, topic, size } = record;
    const cells = [time, type.padEnd('response'.length), `${from} -> ${to ?? '*'}`, topic, `[${size}]`];
    const padded = cells.map((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
      return index === 1 ? paint(type, cell) : cell.padEnd(widths[index]);
    });
    return `${[...padded, ...restOf(record)].join('  ').trimEnd()}\n`;
  };
}

function restOf({ more, error, payload }: TraceRecord): string[] {
  return [
    ...(more === true ? ['more'] : []),
    ...(error === undefined ? [] : [`error: ${error.replace(/\s+/g, ' ')}`]),
    ...(payload === undefined ? [] : [JSON.stringify(payload)]),
  ];
}

function timeOfDay(at: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** Records may be a little out of order: they come from several threads. */
function deltaText(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(3)}s`;
}
