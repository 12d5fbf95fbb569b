import * as z from 'zod/mini';
import { formatSize } from '../units.ts';
import { common, restart } from './common.ts';
import { always, field, size, unless } from './kit.ts';

/** Fields of `module:` entries: code run by muster. */
export const codeFields = {
  module: field({
    schema: z.string().check(z.minLength(1)),
    change: 'reload',
    applies: 'resolve',
    doc: 'A path (has a slash), a bare name on `modulePath`, or `builtin:NAME`.',
  }),
  isolation: field({
    schema: z._default(z.enum(['thread', 'shared', 'process']), 'thread'),
    change: 'reload',
    applies: 'runners',
    doc: '`thread`: a thread of its own; `shared`: a thread with others; `process`: a runner process of its own.',
    unbuilt: (value) => value === 'shared',
  }),
  threadGroup: field({
    schema: z.optional(z.string()),
    change: 'reload',
    applies: 'runners',
    doc: 'With `shared`: modules of one group share a thread.',
    unbuilt: always,
  }),
  runner: field({
    schema: z._default(z.string(), 'main'),
    change: 'reload',
    applies: 'runners',
    doc: 'The runner process that has its thread.',
    unbuilt: unless('main'),
  }),
  config: field({
    schema: z._default(z.record(z.string(), z.unknown()), {}),
    change: 'reconfigure',
    applies: 'runners',
    doc: 'Structured configuration, `ctx.config` in the module.',
  }),
  control: field({
    schema: z._default(z.enum(['none', 'read', 'apply']), 'none'),
    change: 'live',
    applies: 'instances',
    doc: 'What the module may ask of the daemon.',
    unbuilt: unless('none'),
  }),
  maxHeap: field({
    schema: z.optional(size),
    change: 'reload',
    applies: 'runners',
    doc: 'Limit of the JavaScript heap.',
    show: formatSize,
  }),
  restart: restart('onFailure'),
  ...common,
};
