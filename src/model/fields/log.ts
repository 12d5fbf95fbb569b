import * as z from 'zod/mini';
import { logLevels } from '../log-level.ts';
import { patternProblem } from '../pattern.ts';
import { count, flag, size } from './kit.ts';

const pattern = z
  .string()
  .check(z.refine((text) => patternProblem(text) === null, { error: ({ input }) => patternProblem(String(input)) ?? '' }));

/** What becomes of the output of a program. */
export const logSettings = z
  .strictObject({
    capture: z._default(z.enum(['both', 'stdout', 'stderr', 'none']), 'both'),
    mergeStderr: z._default(flag, false),
    level: z._default(z.enum(logLevels), 'info'),
    stderrLevel: z._default(z.enum(logLevels), 'warn'),
    prefix: z._default(z.string(), ''),
    metadata: z._default(z.record(z.string(), z.unknown()), {}),
    transform: z._default(z.array(z.tuple([pattern, z.string()])), []),
    maxSize: z._default(size, 10 * 1024 ** 2),
    keep: z._default(count(), 5),
    sink: z._default(z.enum(['file', 'daemon', 'none']), 'file'),
    overflow: z._default(z.enum(['block', 'drop']), 'block'),
  })
  .check(
    z.refine(({ capture, mergeStderr }) => !(mergeStderr && capture === 'stderr'), {
      error: 'mergeStderr makes stdout of all output, so that capture: stderr would leave nothing of it',
      path: ['capture'],
    }),
  );

export type LogSpec = z.output<typeof logSettings>;
