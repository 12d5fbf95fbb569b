import type { Definition, OptionSpec } from '../command.ts';
import { dryRun, lockTimeout, override, type RunOptions, reason } from '../options.ts';
import { formatOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

export const restart = onNames('restart', [dryRun, override, lockTimeout, reason, formatOption], {
  summary: 'start modules again with the same spec',
  details: 'What the config says now does not matter; `reload NAME` uses it.',
  examples: ['muster restart web', "muster restart 'worker-*'"],
});

export const start = onNames('start', [override, lockTimeout, reason, formatOption], {
  summary: 'release stopped modules and start them',
  details: 'They come back as the generation in force has them.',
  examples: ['muster start web'],
});

function onNames(
  name: 'restart' | 'start',
  options: readonly OptionSpec[],
  texts: Pick<Definition, 'summary' | 'details' | 'examples'>,
): Definition<RunOptions> {
  return {
    name,
    operands: '<NAME...>',
    ...texts,
    options,
    async run(call) {
      return printRun(call, await askRun(call, name, { ...runParams(call.options), names: [...call.args] }));
    },
  };
}
