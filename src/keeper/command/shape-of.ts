import type { LogSpec } from '../../model/fields/log.ts';
import type { LogShape } from '../logs/shape.ts';

/** Metadata goes along with every record: of long arguments only so much. */
const longestArgument = 200;
const mostArguments = 50;

/** How the lines of a program are told. Command and arguments are always among the metadata, without secrets. */
export function shapeOf(
  { level, stderrLevel, prefix, metadata }: LogSpec,
  [command = '', ...args]: readonly string[],
  mask: (text: string) => string,
): LogShape {
  const short = (text: string): string => {
    const masked = mask(text);
    return masked.length > longestArgument ? `${masked.slice(0, longestArgument)}…` : masked;
  };
  const some = args.length > mostArguments ? [...args.slice(0, mostArguments).map(short), '…'] : args.map(short);
  return { level, stderrLevel, prefix, metadata: { ...metadata, command: short(command), args: some } };
}
