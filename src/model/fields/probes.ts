import * as z from 'zod/mini';
import { formatDuration } from '../units.ts';
import { argument, count, duration } from './kit.ts';

/** `HOST:PORT`, or a port of 127.0.0.1; `[::1]:80` for IPv6. */
const tcp = z.pipe(
  argument,
  z
    .string()
    .check(
      z.refine((text) => parseTcp(text) !== null, { error: 'expected HOST:PORT with a port from 1 to 65535, such as 127.0.0.1:8080' }),
    ),
);
const http = z.string().check(z.refine(isUrl, { error: 'expected a URL that begins with http:// or https://' }));
const path = z.pipe(argument, z.string().check(z.minLength(1)));
const argv = z.array(argument).check(
  z.minLength(1),
  z.refine(([program]) => program !== '', { error: 'the program must not be empty', path: [0] }),
);
const pattern = z.string().check(z.refine(isPattern, { error: 'expected a regular expression of JavaScript' }));
/** Those below are the usual three; as many as anybody needs beside them. */
const descriptor = count(3).check(z.refine((fd) => (fd as number) < 64, { error: 'expected a descriptor from 3 to 63' }));
/** How often something happens. */
const period = z.pipe(duration, z.number().check(z.refine((ms) => ms >= 100, { error: 'expected at least 100ms' })));
const notify = z.literal(true, { error: 'expected true' });

/** Exactly one of the tests, and `timeout` and the like beside it. */
function oneOf<S extends z.core.$ZodShape, R extends z.core.$ZodShape>(tests: S, rest: R) {
  const names = Object.keys(tests);
  const given = (value: unknown) => names.filter((name) => (value as Record<string, unknown>)[name] !== undefined);
  const shape = Object.fromEntries(Object.entries(tests).map(([name, schema]) => [name, z.optional(schema)])) as {
    [K in keyof S]: z.ZodMiniOptional<S[K]>;
  };
  return z.strictObject({ ...shape, ...rest }).check(
    z.refine((value) => given(value).length === 1, {
      when: ({ issues }) => issues.length === 0,
      error: ({ input }) => {
        const found = given(input);
        return found.length === 0 ? `expected one of ${names.join(', ')}, found none` : `expected one test, found ${found.join(' and ')}`;
      },
    }),
  );
}

/** What to wait for before the launch. */
export const waitFor = oneOf({ file: path, tcp, http, command: argv, delay: duration }, { timeout: z._default(duration, 30_000) });

const readyTest = oneOf(
  { alive: duration, tcp, http, log: pattern, file: path, fd: descriptor, notify },
  { timeout: z.optional(duration) },
);

/** When a program counts as running. `alive` and `notify` may stand alone. */
export const ready = z.union([
  z.pipe(
    z.enum(['alive', 'notify']),
    z.transform((word): z.output<typeof readyTest> => (word === 'alive' ? { alive: 250 } : { notify: true })),
  ),
  readyTest,
]);

/** A test repeated while it runs; `watchdog`: the program itself says that it is well, at least that often. */
export const health = oneOf(
  { tcp, http, command: argv, watchdog: period },
  {
    interval: z._default(period, 5000),
    timeout: z._default(duration, 2000),
    failures: z._default(count(1), 3),
    onFailure: z._default(z.enum(['mark', 'restart']), 'restart'),
  },
);

export type WaitFor = z.output<typeof waitFor>;
export type Ready = z.output<typeof readyTest>;
export type Health = z.output<typeof health>;

/** `127.0.0.1:80`, `[::1]:80`, `db:5432`, or the port alone. */
export function parseTcp(text: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match !== null && port >= 1 && port <= 65_535 ? { host: match[1] ?? match[2] ?? '127.0.0.1', port } : null;
}

const spans = ['alive', 'delay', 'watchdog', 'interval', 'timeout'];

/** A structure again, with durations as they are written. */
export function showProbe(probe: WaitFor | Ready | Health): string {
  const entries = Object.entries(probe).map(([key, value]) => [key, spans.includes(key) ? formatDuration(value as number) : value]);
  return JSON.stringify(Object.fromEntries(entries));
}

function isUrl(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol) && /^https?:\/\//.test(text);
  } catch {
    return false;
  }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
