import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical.ts';
import type { Launch } from '../../model/driver.ts';
import { type CommandSpec, fieldOf } from '../../model/fields/table.ts';
import type { Kept } from '../../model/keeper.ts';

/**
 * Of all that a running program cannot take over live: only one of the same digest may go on in place of a start. Secrets are in
 * a spec by their fingerprints. One that can be told that its files have changed is told so instead.
 */
export function digestOf({ spec, codeDigest = null }: Launch): string {
  const fixed = Object.entries(spec).map(([name, value]) => {
    const row = fieldOf('command', name);
    if (row?.change === 'ignored') return [name];
    return [name, row?.change === 'live' ? row.fixed?.(value as never) : value];
  });
  const files = (spec as CommandSpec).reloadSignal === undefined ? codeDigest : null;
  return createHash('sha256')
    .update(canonicalJson({ ...Object.fromEntries(fixed), '': files }))
    .digest('hex');
}

/** How it goes on without a daemon. `mask` takes secrets out of its arguments. */
export function keptAs(name: string, spec: CommandSpec, args: readonly string[], mask: (text: string) => string): Kept {
  const { log, stopSignal, stopTimeout } = spec;
  return { name, argv: [...spec.command, ...args].map(mask), log, stopSignal, stopTimeout };
}
