import * as z from 'zod/mini';
import { always, argument, count, field, flag, unless } from './kit.ts';

/** As whom a process runs, and what the system lets it use: of commands, and of code with `isolation: process`. */
export const identityFields = {
  user: field({
    schema: z.optional(argument),
    change: 'reload',
    applies: 'keeper',
    doc: 'User to run as, by name or number.',
    unbuilt: always,
  }),
  group: field({
    schema: z.optional(argument),
    change: 'reload',
    applies: 'keeper',
    doc: "Group to run as; without it the user's.",
    unbuilt: always,
  }),
  groups: field({
    schema: z.optional(z.array(argument)),
    change: 'reload',
    applies: 'keeper',
    doc: 'Supplementary groups; without it those of the user.',
    unbuilt: always,
  }),
  umask: field({
    schema: z.optional(
      z.string().check(z.regex(/^[0-7]{3,4}$/, { error: 'expected three or four octal digits in quotes, such as "022"' })),
    ),
    change: 'reload',
    applies: 'keeper',
    doc: 'File mode creation mask, octal.',
    unbuilt: always,
  }),
  rlimits: field({
    schema: z.optional(z.record(z.string(), z.union([z.literal('unlimited'), count()]))),
    change: 'reload',
    applies: 'keeper',
    doc: 'Resource limits by name, as prlimit(1) has them (nofile, nproc, core …).',
    unbuilt: always,
  }),
  noNewPrivileges: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'keeper',
    doc: 'No setuid program can raise privileges.',
    unbuilt: unless(false),
  }),
  allowRoot: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'keeper',
    doc: 'Let the module run as uid 0 although it asks for another user.',
    unbuilt: unless(false),
  }),
};
