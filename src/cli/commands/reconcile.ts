import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { Call, Definition } from '../command.ts';
import {
  autoRollback,
  collect,
  detailedExitcode,
  dryRun,
  limit,
  lockTimeout,
  override,
  type RunOptions,
  reason,
  timeout,
  wait,
} from '../options.ts';
import { type Format, formatOption, maxBytesOption, printRun } from '../output.ts';
import { askRun } from '../remote.ts';
import { runParams } from '../run-params.ts';
import { readPlan, saveRun } from '../saved-plan.ts';

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
  requireCurrentConfig?: boolean;
}

export const reconcile: Definition<Options> = {
  name: 'reconcile',
  summary: 'make what runs equal to the config, or show what that would take',
  details:
    'Exits 0 when done, 4 when it failed and nothing remains changed, 6 when some changes remain, 8 when policy refuses it, 10 when it is not\n' +
    'healthy in time. With --auto-rollback these are the codes when it went back, too: 4 when it had failed, 10 when it was not healthy.\n' +
    'A plan that was saved with --out is applied with --plan, whatever the config says by then; it exits 7 when what runs, or code in it, has changed since.\n' +
    'With --against no daemon is needed: the plan is made against nothing (`empty`), what another config file declares, or what a daemon has exported (`muster export`).\n' +
    '-o ndjson prints a line of JSON for each step while it is done, and the result as the last.',
  options: [
    dryRun,
    { flags: '--from <FILE>', doc: "plan this file instead of the daemon's own (repeatable)", parse: collect },
    { flags: '--against <empty|FILE>', doc: 'plan against nothing, what FILE declares, or what a daemon exported to FILE; with --dry-run' },
    formatOption,
    maxBytesOption,
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
    autoRollback,
    lockTimeout,
    reason,
    { flags: '--out <FILE>', doc: 'save the plan to FILE instead of applying it' },
    { flags: '--plan <FILE>', doc: 'do what the plan saved in FILE says, and nothing else' },
    { flags: '--require-current-config', doc: 'with --plan: refuse it when the config has changed since' },
  ],
  examples: [
    'muster reconcile --dry-run',
    'muster reconcile --dry-run --from next.yaml --detailed-exitcode',
    'muster reconcile --dry-run --from muster.yaml --against empty',
    'muster reconcile --dry-run --from muster.yaml --against state.json -o markdown --max-bytes 65000',
    'muster reconcile --atomic --wait --timeout 30s',
    'muster reconcile --auto-rollback --timeout 2m',
    'muster reconcile --dry-run --out plan.json',
    'muster reconcile --plan plan.json',
  ],
  async run(call) {
    const { from, against, out, plan, requireCurrentConfig } = call.options;
    const files = from?.map((file) => resolve(call.io.cwd, file));
    if (out !== undefined || plan !== undefined) refuseOthers(call.options);
    if (plan === undefined && requireCurrentConfig !== undefined)
      throw new MusterError('EINVAL', '--require-current-config goes with --plan');
    if (against !== undefined) return planOffline(call, files ?? [], against);
    if (files !== undefined && call.options.dryRun !== true) {
      throw new MusterError('EINVAL', '--from is for plans only', {
        hint: "add --dry-run, or put the file in the place of the daemon's own",
      });
    }
    const params = { ...runParams(call.options), ...planParams(call.options), ...(files === undefined ? {} : { from: files }) };
    if (out !== undefined) return saveRun(call, out, await askRun(call, 'reconcile', { ...params, dryRun: true, save: true }));
    const saved = plan === undefined ? {} : { plan: await readPlan(resolve(call.io.cwd, plan), plan) };
    const current = requireCurrentConfig === undefined ? {} : { requireCurrentConfig };
    return printRun(call, await askRun(call, 'reconcile', { ...params, ...saved, ...current }));
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

/** A plan is saved of what the daemon would do with its own config, for that is what is applied later. */
function refuseOthers({ from, against, out, plan }: Options): void {
  const flag = out === undefined ? '--plan' : '--out';
  if (out !== undefined && plan !== undefined) throw new MusterError('EINVAL', '--out and --plan exclude each other');
  if (against !== undefined) throw new MusterError('EINVAL', `${flag} and --against exclude each other`);
  if (from === undefined) return;
  const hint = "put the file in the place of the daemon's own";
  throw new MusterError('EINVAL', `${flag} and --from exclude each other: only the daemon's own config is applied`, { hint });
}
