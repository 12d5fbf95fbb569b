import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Call, Definition } from '../command.ts';
import { collect, detailedExitcode, dryRun, limit, lockTimeout, override, type RunOptions, reason, timeout, wait } from '../options.ts';
import { type Format, formatOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';

interface Options extends RunOptions {
  from?: string[];
  against?: string;
  output?: Format;
  detailedExitcode?: boolean;
  prune?: 'owned' | 'none' | 'all';
  maxRemovals?: number | string;
  allowEmpty?: boolean;
  only?: string[];
  skip?: string[];
  onFailure?: 'continue' | 'stop' | 'rollback';
  atomic?: boolean;
  out?: string;
  plan?: string;
  autoRollback?: boolean;
  requireCurrentConfig?: boolean;
}

export const reconcile: Definition<Options> = {
  name: 'reconcile',
  summary: 'make what runs equal to the config, or show what that would take',
  details:
    'Exits 0 when done, 4 when it failed and nothing remains changed, 6 when some changes remain, 8 when policy refuses it.\n' +
    'With --against no daemon is needed: the plan is made against nothing (`empty`) or against another config file.',
  options: [
    dryRun,
    { flags: '--from <FILE>', doc: "plan this file instead of the daemon's own (repeatable)", parse: collect },
    { flags: '--against <empty|FILE>', doc: 'plan against nothing, or against what FILE declares; with --dry-run' },
    formatOption,
    detailedExitcode,
    { flags: '--prune <MODE>', doc: 'what of the loaded is removed when not declared', choices: ['owned', 'none', 'all'] },
    { flags: '--max-removals <N|N%>', doc: 'refuse a plan that removes more', parse: limit },
    { flags: '--allow-empty', doc: 'let the config declare no module at all' },
    { flags: '--only <GLOB>', doc: 'change only what matches (repeatable)', parse: collect },
    { flags: '--skip <GLOB>', doc: 'leave alone what matches (repeatable)', parse: collect },
    override,
    { flags: '--on-failure <MODE>', doc: 'when a change fails', choices: ['continue', 'stop', 'rollback'] },
    { flags: '--atomic', doc: 'all or nothing: --on-failure rollback' },
    wait,
    timeout,
    lockTimeout,
    reason,
    { flags: '--out <FILE>', doc: 'save the plan', hidden: true },
    { flags: '--plan <FILE>', doc: 'apply a saved plan', hidden: true },
    { flags: '--auto-rollback', doc: 'go back if it does not get healthy', hidden: true },
    { flags: '--require-current-config', doc: 'refuse a saved plan of a config that changed since', hidden: true },
  ],
  examples: [
    'muster reconcile --dry-run',
    'muster reconcile --dry-run --from next.yaml --detailed-exitcode',
    'muster reconcile --dry-run --from muster.yaml --against empty',
    'muster reconcile --atomic --wait --timeout 30s',
  ],
  async run(call) {
    refuseUnbuilt(call.options);
    const { from, against } = call.options;
    const files = from?.map((file) => resolve(call.io.cwd, file));
    if (against !== undefined) return planOffline(call, files ?? [], against);
    if (files !== undefined && call.options.dryRun !== true) {
      throw new MusterError('EINVAL', '--from is for plans only', {
        hint: "add --dry-run, or put the file in the place of the daemon's own",
      });
    }
    return printRun(
      call,
      await askRun(call, 'reconcile', {
        ...runParams(call.options),
        ...planParams(call.options),
        ...(files === undefined ? {} : { from: files }),
      }),
    );
  },
};

async function planOffline(call: Call<Options>, files: readonly string[], against: string): Promise<number> {
  if (call.options.dryRun !== true) throw new MusterError('EINVAL', '--against is for plans only', { hint: 'add --dry-run' });
  const { planFiles } = await import('../../offline/main.ts');
  const base = against === 'empty' ? [] : [resolve(call.io.cwd, against)];
  return printRun(call, await planFiles({ base, files }, planParams(call.options), call.io));
}

/** What a plan depends on, whoever makes it. */
function planParams(options: Options) {
  const { override, prune, maxRemovals, allowEmpty, only, skip, atomic } = options;
  const onFailure = atomic === true ? ('rollback' as const) : options.onFailure;
  return {
    ...(override === undefined ? {} : { override }),
    ...(prune === undefined ? {} : { prune }),
    ...(maxRemovals === undefined ? {} : { maxRemovals }),
    ...(allowEmpty === undefined ? {} : { allowEmpty }),
    ...(only === undefined ? {} : { only }),
    ...(skip === undefined ? {} : { skip }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

function refuseUnbuilt({ out, plan, autoRollback, requireCurrentConfig }: Options): void {
  const given = { '--out': out, '--plan': plan, '--auto-rollback': autoRollback, '--require-current-config': requireCurrentConfig };
  for (const [flag, value] of Object.entries(given)) {
    if (value !== undefined) throw new MusterError('EINVAL', `${flag} is not built yet`);
  }
}
