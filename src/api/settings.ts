import { getSetting } from '../engine/get-setting.ts';
import { set, unset } from '../engine/settings.ts';
import type { Handlers } from './call.ts';
import { common } from './run.ts';

/** What is set over the config of modules. */
export const settingsHandlers: Pick<Handlers, 'set' | 'unset' | 'get'> = {
  set: (params, call, { engine }) => set(params, common(params, call), engine.context),
  unset: (params, call, { engine }) => unset(params, common(params, call), engine.context),
  get: (params, _call, { engine }) => getSetting(params, engine.context),
};
