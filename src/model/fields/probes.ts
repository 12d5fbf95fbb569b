import * as z from 'zod/mini';
import { argument, count, duration, flag } from './kit.ts';

/** `HOST:PORT`, or a port of 127.0.0.1; `[::1]:80` for IPv6. */
const tcp = z
  .string()
  .check(z.regex(/^(?:(?:\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+):)?\d{1,5}$/, { error: 'expected HOST:PORT, such as 127.0.0.1:8080' }));
const http = z.string().check(z.regex(/^https?:\/\/\S+$/, { error: 'expected a URL that begins with http:// or https://' }));
const path = z.string().check(z.minLength(1));
const argv = z.array(argument).check(z.minLength(1));
const pattern = z.string().check(z.refine(isPattern, { error: 'expected a regular expression' }));

/** Exactly one of the tests, and `timeout` and the like beside it. */
function oneOf<S extends z.core.$ZodShape, R extends z.core.$ZodShape>(tests: S, rest: R) {
  const names = Object.keys(tests);
  const shape = Object.fromEntries(Object.entries(tests).map(([name, schema]) => [name, z.optional(schema)])) as {
    [K in keyof S]: z.ZodMiniOptional<S[K]>;
  };
  return z.strictObject({ ...shape, ...rest }).check(
    z.refine((value) => names.filter((name) => (value as Record<string, unknown>)[name] !== undefined).length === 1, {
      error: `expected exactly one of ${names.join(', ')}`,
    }),
  );
}

/** What to wait for before the launch. */
export const waitFor = oneOf({ file: path, tcp, http, command: argv, delay: duration }, { timeout: z._default(duration, 30_000) });

const readyTest = oneOf(
  { alive: duration, tcp, http, log: pattern, file: path, fd: count(3), notify: flag },
  { timeout: z.optional(duration) },
);

/** When a program counts as running. `alive` and `notify` may stand alone. */
export const ready = z.union([
  z.pipe(
    z.enum(['alive', 'notify']),
    z.transform((word) => (word === 'alive' ? { alive: 250 } : { notify: true })),
  ),
  readyTest,
]);

/** A test repeated while it runs. */
export const health = oneOf(
  { tcp, http, command: argv },
  {
    interval: z._default(duration, 5000),
    timeout: z._default(duration, 2000),
    failures: z._default(count(1), 3),
    onFailure: z._default(z.enum(['mark', 'restart']), 'restart'),
  },
);

export type WaitFor = z.output<typeof waitFor>;
export type Ready = z.output<typeof readyTest>;
export type Health = z.output<typeof health>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
