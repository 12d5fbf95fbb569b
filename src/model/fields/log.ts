import * as z from 'zod/mini';
import { count, flag, size } from './kit.ts';

/** What becomes of the output of a program. */
export const logSettings = z.strictObject({
  capture: z._default(z.enum(['both', 'stdout', 'stderr', 'none']), 'both'),
  mergeStderr: z._default(flag, false),
  level: z._default(z.string(), 'info'),
  stderrLevel: z._default(z.string(), 'warn'),
  prefix: z._default(z.string(), ''),
  metadata: z._default(z.record(z.string(), z.unknown()), {}),
  transform: z._default(z.array(z.tuple([z.string(), z.string()])), []),
  maxSize: z._default(size, 10 * 1024 ** 2),
  keep: z._default(count(), 5),
  sink: z._default(z.enum(['file', 'daemon', 'none']), 'file'),
  overflow: z._default(z.enum(['block', 'drop']), 'block'),
});

export type LogSpec = z.output<typeof logSettings>;
