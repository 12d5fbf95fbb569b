import type { LogSpec } from '../../model/fields/log.ts';
import { maskedJson } from '../../model/mask/json.ts';
import type { LogShape } from '../logs/shape.ts';

/** Metadata goes along with every record: of long arguments only so much. */
const longestArgument = 200;
const mostArguments = 50;

export interface Telling {
  /** Takes secrets out of text that is shown. */
  mask(text: string): string;
  /** Does what the log's own rules say of its lines. */
  transform(text: string): string;
}

/**
 * How the lines of a program are told. Command and arguments are always among the metadata, without secrets. Where there are rules,
 * something that it prints is not to be known, and it may stand in a script among the arguments in other words: then arguments of
 * several words are not told.
 */
export function shapeOf(settings: LogSpec, [command = '', ...args]: readonly string[], { mask, transform }: Telling): LogShape {
  const { level, stderrLevel, prefix, metadata } = settings;
  const ruled = settings.transform.length > 0;
  const short = (text: string): string => {
    if (ruled && /\s/.test(text)) return '…';
    const told = mask(ruled ? transform(text) : text);
    return told.length > longestArgument ? `${told.slice(0, longestArgument)}…` : told;
  };
  const some = args.length > mostArguments ? [...args.slice(0, mostArguments).map(short), '…'] : args.map(short);
  const own = JSON.parse(maskedJson(JSON.stringify(metadata), mask, true)) as Record<string, unknown>;
  return { level, stderrLevel, prefix, metadata: { ...own, command: short(command), args: some } };
}
