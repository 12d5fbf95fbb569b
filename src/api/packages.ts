import { plainRun } from '../engine/engine.ts';
import { install } from '../engine/install.ts';
import { installAll } from '../engine/install-all.ts';
import { outdated } from '../engine/outdated.ts';
import { uninstall } from '../engine/uninstall.ts';
import type { Handlers } from './call.ts';
import { common, progressTo } from './run.ts';

/** Methods on npm packages as modules. */
export const packageHandlers: Pick<Handlers, 'install' | 'uninstall' | 'outdated'> = {
  install: (params, call, { engine }) => {
    const reconcile = () => {
      const options = {
        reason: params.reason ?? null,
        by: params.by,
        request: { retryFailed: true, override: params.override ?? false },
        onProgress: progressTo(params, call),
      };
      return engine.runs.request({
        key: params.override === true ? 'install' : plainRun,
        trigger: 'install',
        options,
        lockTimeout: params.lockTimeout,
      });
    };
    const { spec, frozen = false, dryRun = false } = params;
    if (spec === undefined) return installAll({ frozen, dryRun }, engine.context, reconcile);
    return install({ ...params, spec }, common(params, call), engine.context, reconcile);
  },
  uninstall: (params, call, { engine }) => uninstall(params, common(params, call), engine.context),
  outdated: (_params, _call, { engine }) => outdated(engine.context),
};
