import * as z from 'zod/mini';
import { formatSize } from '../units.ts';
import { cgroupFields } from './cgroup.ts';
import { common, restart, settings } from './common.ts';
import { identityFields } from './identity.ts';
import { field, name, size } from './kit.ts';

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
    doc: '`thread`: a thread of its own; `shared`: a thread with others; `process`: a runner process of its own. A module that a service loads is in the thread of that service.',
  }),
  threadGroup: field({
    schema: z.optional(name),
    change: 'reload',
    applies: 'runners',
    doc: 'With `shared`: modules of one group share a thread.',
  }),
  runner: field({
    schema: z._default(name, 'main'),
    change: 'reload',
    applies: 'runners',
    doc: 'The runner process that has its thread.',
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
    doc: 'What the module may ask of the daemon: nothing but `muster.ping`, what only looks, or everything.',
  }),
  maxHeap: field({
    schema: z.optional(size),
    change: 'reload',
    applies: 'runners',
    doc: 'Limit of the JavaScript heap. A shared thread has one heap for all that is in it, so there it cannot be given.',
    show: formatSize,
  }),
  ...cgroupFields,
  restart: restart('onFailure'),
  settings,
  ...common,
  ...identityFields,
};
