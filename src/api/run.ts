import { onTrial } from '../engine/auto-rollback.ts';
import type { Common } from '../engine/command.ts';
import { reload, restart } from '../engine/commands.ts';
import { plainRun } from '../engine/engine.ts';
import { awaitHealth, defaultTimeoutMs } from '../engine/health.ts';
import { heldNames, release, stop } from '../engine/holds.ts';
import { load } from '../engine/load.ts';
import { staysPaused } from '../engine/paused.ts';
import { dryRun, invalidPlan, type RunOptions } from '../engine/reconcile.ts';
import { remove } from '../engine/remove.ts';
import type { RunRequest } from '../engine/runs.ts';
import type { Progress } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import type { ApiPorts, Call, Handlers } from './call.ts';
import { savedOf } from './saved.ts';

/** Methods that change the loaded set. */
export const runHandlers: Pick<Handlers, 'reconcile' | 'reload' | 'restart' | 'start' | 'stop' | 'load' | 'remove' | 'release'> = {
  async reconcile(params, call, ports) {
    const { context } = ports.engine;
    const { saved, requireCurrentConfig } = savedOf(params);
    const how = {
      reason: params.reason ?? null,
      by: params.by,
      request: requestOf(params),
      from: params.from,
      onProgress: progressTo(params, call),
    };
    const options = { ...how, fetch: true, saved, requireCurrentConfig };
    if (params.dryRun === true) {
      const asked = { ...options, againstEmpty: params.against === 'empty', save: params.save === true };
      return dryRun(asked, context).catch((error: unknown) => invalid(error, ports));
    }
    if (params.against !== undefined) throw new MusterError('EINVAL', '--against goes with --dry-run');
    return wholeRun({ key: keyOf(params), trigger: 'reconcile', options, lockTimeout: params.lockTimeout }, params, call, ports);
  },
  async reload(params, call, ports) {
    const { name } = params;
    if (name === undefined) {
      const { override, progress, wait, timeout, autoRollback, lockTimeout, reason, by, dryRun: dry } = params;
      if (dry === true) return runHandlers.reconcile({ dryRun: dry, override }, call, ports);
      const options = {
        reason: reason ?? null,
        by,
        fetch: true,
        request: requestOf({ override }),
        onProgress: progressTo({ progress }, call),
      };
      return wholeRun({ key: keyOf({ override }), trigger: 'reload', options, lockTimeout }, { wait, timeout, autoRollback }, call, ports);
    }
    if (params.autoRollback === true) {
      throw new MusterError('EINVAL', 'autoRollback is for a run over the whole config', { hint: `leave out ${name}` });
    }
    const outcome = await reload({ ...params, name }, common(params, call), ports.engine.context);
    if (params.wait !== true) return outcome;
    return awaitHealth(outcome, { timeout: params.timeout, signal: call.signal }, ports.engine.context);
  },
  restart: (params, call, { engine }) => restart(params, common(params, call), engine.context),
  start: (params, call, { engine }) => release(heldNames(params, engine.context), common(params, call), engine.context),
  stop: async (params, _call, { engine }) => ({ stopped: await stop(params, engine.context) }),
  load: (params, call, { engine }) => load(params, common(params, call), engine.context),
  remove: (params, call, { engine }) => remove(params, common(params, call), engine.context),
  release: (params, call, { engine }) => release(heldNames(params, engine.context), common(params, call), engine.context),
};

/** A run over the whole config, and what its caller waits for after it. */
export async function wholeRun(
  request: RunRequest<RunOptions>,
  { wait, timeout, autoRollback }: Pick<Params<'reconcile'>, 'wait' | 'timeout' | 'autoRollback'>,
  call: Call,
  ports: ApiPorts,
): Promise<Plan | Result> {
  const startedAt = new Date(ports.engine.context.ports.clock.now()).toISOString();
  try {
    const { runs, context } = ports.engine;
    const trial = autoRollback === true ? { trial: timeout ?? defaultTimeoutMs } : {};
    const done = await runs.request({ ...request, options: { ...request.options, ...trial } });
    const result = { ...done, diagnostics: [...done.diagnostics, ...staysPaused(done, context)] };
    await call.recorded?.(result);
    if (autoRollback === true) return await onTrial(result, { timeout, by: request.options.by ?? undefined }, context, runs);
    return wait === true ? await awaitHealth(result, { timeout, signal: call.signal }, context) : result;
  } catch (error) {
    const plan = invalid(error, ports);
    const diagnostics = [...plan.diagnostics, ...staysPaused(plan, ports.engine.context)];
    return { ...plan, kind: 'Result', dryRun: false, planId: plan.id, startedAt, finishedAt: plan.createdAt, changes: [], diagnostics };
  }
}

/** What is wrong with a config is the document that was asked for; any other error stays one. */
function invalid(error: unknown, { engine }: ApiPorts): Plan {
  if (error instanceof MusterError && error.code === 'EINVALIDCONFIG') return invalidPlan(error, engine.context);
  throw error;
}

type RunParams = Partial<Pick<Params<'restart'>, 'dryRun' | 'override' | 'lockTimeout' | 'progress' | 'by' | 'reason'>>;

export function common(params: RunParams, call: Call): Common {
  const { dryRun, override, lockTimeout, by, reason } = params;
  return { dryRun, override, lockTimeout, by, reason, onProgress: progressTo(params, call) };
}

/** Progress never waits for a slow reader: what it missed is not worth having. */
export function progressTo({ progress }: RunParams, call: Call): ((progress: Progress) => void) | undefined {
  if (progress !== true) return undefined;
  return (state) => {
    if (!call.signal.aborted) call.part({ progress: state }).catch(() => {});
  };
}

export function requestOf(params: Params<'reconcile'>): Partial<Request> {
  return {
    retryFailed: true,
    override: params.override ?? false,
    only: params.only ?? [],
    skip: params.skip ?? [],
    prune: params.prune ?? null,
    maxRemovals: params.maxRemovals ?? null,
    allowEmpty: params.allowEmpty ?? false,
    onFailure: params.onFailure ?? null,
  };
}

/** Runs with the same options are one run; a run without any is the same as one by a signal. */
function keyOf(params: Params<'reconcile'>): string {
  const { reason, by, progress, wait, timeout, autoRollback, lockTimeout, dryRun, ...rest } = params;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false);
  return given.length === 0 ? plainRun : JSON.stringify(given.sort());
}
