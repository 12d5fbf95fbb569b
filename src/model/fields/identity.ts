import * as z from 'zod/mini';
import { didYouMean } from '../suggest.ts';
import { argument, field, flag } from './kit.ts';

const account = z.pipe(argument, z.string().check(z.regex(/^[^:\n]+$/, { error: 'expected a name or a number' })));
const mask = z.pipe(argument, z.string().check(z.regex(/^[0-7]{3,4}$/, { error: 'expected three or four octal digits, such as 022' })));

/** Those that prlimit(1) knows. */
const limitNames = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue'],
  ...['nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
];
const limitName = z.string().check(z.refine((name) => limitNames.includes(name), { error: ({ input }) => unknownLimit(String(input)) }));
const limit = z.pipe(
  argument,
  z
    .string()
    .check(
      z.regex(/^(?:\d+|unlimited)(?::(?:\d+|unlimited))?$/, { error: 'expected a number, unlimited, or SOFT:HARD', abort: true }),
      z.refine(isOrdered, { error: 'the soft limit must not be above the hard one (SOFT:HARD)' }),
    ),
);

function isOrdered(text: string): boolean {
  const [soft = 0, hard = soft] = text.split(':').map((part) => (part === 'unlimited' ? Number.POSITIVE_INFINITY : Number(part)));
  return soft <= hard;
}

function unknownLimit(name: string): string {
  return `found no limit "${name}"; ${didYouMean(name, limitNames) ?? `there are ${limitNames.join(', ')}`}`;
}

/** As whom a process runs, and what the system lets it use. */
export const identityFields = {
  user: field({
    schema: z.optional(account),
    change: 'reload',
    applies: 'resolve',
    doc: 'User to run as, by name or number. HOME, USER and SHELL are those of that user, unless `env` says otherwise.',
  }),
  group: field({
    schema: z.optional(account),
    change: 'reload',
    applies: 'resolve',
    doc: "Group to run as, by name or number; without it the user's.",
  }),
  groups: field({
    schema: z.optional(z.array(account)),
    change: 'reload',
    applies: 'resolve',
    doc: 'Supplementary groups; without it those of the user.',
  }),
  umask: field({
    schema: z.optional(
      z.pipe(
        mask,
        z.transform((text) => text.padStart(4, '0')),
      ),
    ),
    change: 'reload',
    applies: 'keeper',
    doc: 'File mode creation mask, octal.',
  }),
  rlimits: field({
    schema: z.optional(z.record(limitName, limit)),
    change: 'reload',
    applies: 'keeper',
    doc: 'Resource limits by name, as prlimit(1) has them (nofile, nproc, core …): a number, `unlimited`, or SOFT:HARD.',
  }),
  noNewPrivileges: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'keeper',
    doc: 'No setuid program can raise privileges.',
  }),
  allowRoot: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'resolve',
    doc: 'Let `user` be root, by name or number; without it that is refused.',
  }),
};
