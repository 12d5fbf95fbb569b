import * as z from 'zod/mini';
import { nameProblem } from '../name.ts';
import { formatDuration } from '../units.ts';
import { argument, count, duration, envName, envValue, field, flag, name, number } from './kit.ts';

const require_ = z.union([z.string(), z.strictObject({ name: z.string(), reload: z._default(flag, false) })]);

const loader = z
  .string()
  .check(z.refine((value) => value === 'none' || nameProblem(value) === null, { error: ({ input }) => nameProblem(String(input)) ?? '' }));

const backoff = z.prefault(
  z.strictObject({
    initial: z._default(duration, 1000),
    factor: z._default(number.check(z.refine((value) => (value as number) >= 1, { error: 'expected a number from 1 up' })), 2),
    max: z._default(duration, 60_000),
    resetAfter: z._default(duration, 10_000),
  }),
  {},
);

/** The restart policy; only its default differs by kind. */
export function restart(policy: 'always' | 'onFailure') {
  return field({
    schema: z.prefault(
      z.strictObject({
        policy: z._default(z.enum(['never', 'onFailure', 'always']), policy),
        backoff,
        limit: z.optional(z.strictObject({ count: count(1), within: duration })),
      }),
      {},
    ),
    change: 'live',
    applies: 'instances',
    doc: 'When an ended module is started again, how long between attempts, and when to give up. Without `limit` it goes on for ever at the longest delay.',
    show: showRestart,
  });
}

interface Restart {
  backoff: { initial: number; factor: number; max: number; resetAfter: number };
  limit?: { count: number; within: number } | undefined;
}

/** A structure again, with durations as they are written. */
function showRestart({ backoff: { initial, factor, max, resetAfter }, limit, ...rest }: Restart): string {
  const spans = { initial: formatDuration(initial), factor, max: formatDuration(max), resetAfter: formatDuration(resetAfter) };
  return JSON.stringify({ ...rest, backoff: spans, limit: limit && { ...limit, within: formatDuration(limit.within) } });
}

/** Fields that every kind of module has. */
export const common = {
  disabled: field({ schema: z._default(flag, false), change: 'ignored', applies: 'plan', doc: 'Keep the entry but do not load it.' }),
  args: field({
    schema: z._default(z.array(argument), []),
    change: 'reload',
    applies: 'instances',
    doc: 'Arguments, passed on unchanged.',
  }),
  env: field({
    schema: z._default(z.record(envName, envValue), {}),
    change: 'reload',
    applies: 'instances',
    doc: 'Environment variables over a base of PATH HOME USER SHELL LANG LC_* TZ TMPDIR; null unsets. Nothing else leaks in.',
  }),
  files: field({
    schema: z._default(z.array(z.string()), []),
    change: 'ignored',
    applies: 'resolve',
    doc: 'Files whose content counts as the code of the module.',
  }),
  requires: field({
    schema: z._default(z.array(require_), []),
    change: 'live',
    applies: 'plan',
    doc: 'Modules or services that run before this one; with `reload: true` this one is reloaded after the other was.',
  }),
  after: field({ schema: z._default(z.array(z.string()), []), change: 'live', applies: 'plan', doc: 'Order only, where both are there.' }),
  onlyIf: field({
    schema: z.optional(
      z.strictObject({
        modules: z._default(z.array(z.string()), []),
        env: z._default(z.array(z.string()), []),
        config: z._default(z.array(z.string()), []),
      }),
    ),
    change: 'ignored',
    applies: 'plan',
    doc: 'Load only if these modules are wanted, these variables are set (`!X`: unset) and these keys of the own config are true.',
  }),
  provides: field({
    schema: z._default(z.array(name), []),
    change: 'reload',
    applies: 'plan',
    doc: 'Services the module registers. Of several modules that provide a service one has it; a module that would have none of its services is not loaded.',
  }),
  priority: field({
    schema: z._default(number, 0),
    change: 'live',
    applies: 'plan',
    doc: 'Of several providers of a service the highest has it, unless `alternatives` says which.',
  }),
  service: field({
    schema: z.optional(loader),
    change: 'reload',
    applies: 'plan',
    doc: 'The service that loads this module into itself, or `none`. Without it the words of the name before its last period say so.',
  }),
  startTimeout: field({
    schema: z._default(duration, 30_000),
    change: 'live',
    applies: 'instances',
    doc: 'From launch to running; of a oneshot to its end, where 0 is no limit.',
    show: formatDuration,
  }),
  stopTimeout: field({
    schema: z._default(duration, 10_000),
    change: 'live',
    applies: 'instances',
    doc: 'How long a module may take to stop before it is killed.',
    show: formatDuration,
  }),
  reload: field({
    schema: z.prefault(z.strictObject({ strategy: z._default(z.enum(['replace', 'overlap']), 'replace') }), {}),
    change: 'live',
    applies: 'instances',
    doc: '`replace` stops the old instance first; `overlap` runs the new one before the old one stops.',
  }),
  critical: field({
    schema: z._default(flag, false),
    change: 'live',
    applies: 'instances',
    doc: 'End the daemon when this module fails for good.',
  }),
  watch: field({
    schema: z._default(flag, false),
    change: 'live',
    applies: 'resolve',
    doc: 'Reload when the code changes on disk, without a config change.',
  }),
  renamedFrom: field({
    schema: z.optional(z.string()),
    change: 'ignored',
    applies: 'plan',
    doc: 'The former name: the running instance is kept under the new one.',
  }),
  protect: field({
    schema: z._default(flag, false),
    change: 'live',
    applies: 'plan',
    doc: 'Never removed or reloaded without --override.',
  }),
  prune: field({ schema: z._default(flag, true), change: 'live', applies: 'plan', doc: 'false: stays when dropped from the config.' }),
  host: field({
    schema: z.optional(name),
    change: 'live',
    applies: 'config',
    derived: true,
    doc: 'The host below which it is declared; of a host itself its own name. Lists show it, nothing acts on it.',
  }),
};

/** Of modules that have a config. */
export const settings = field({
  schema: z.optional(z.record(z.string(), z.unknown())),
  change: 'reconfigure',
  applies: 'runners',
  derived: true,
  doc: 'What `muster set` says over `config`.',
});
