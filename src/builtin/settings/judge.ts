import type { Address } from '../../model/address.ts';
import type { Context } from '../../model/context.ts';
import { mountsOf, mountText } from '../gateway/mount.ts';
import { readSettings as readGateway } from '../gateway/settings.ts';
import { settingsOf as readMetrics } from '../metrics/settings.ts';
import { readSettings as readProxy } from '../proxy/settings.ts';
import { BadConfig, type BadSetting } from './fields.ts';
import { readSettings as readHeartbeat } from './heartbeat.ts';
import { readSettings as readStatic } from './static.ts';
import { readSettings as readVhost } from './vhost.ts';

/** By module: each throws what is wrong with a config, and asks nothing of the world. */
const readers: Readonly<Record<string, (config: Context['config']) => unknown>> = {
  'builtin:gateway': readGateway,
  'builtin:heartbeat': readHeartbeat,
  'builtin:metrics': readMetrics,
  'builtin:proxy': readProxy,
  'builtin:static': readStatic,
  'builtin:vhost': readVhost,
};

/** Where a component of a gateway answers, and what of that is no place. */
export function judgeMounts(
  name: string,
  gateway: string,
  config: Context['config'],
): { mounts: string[]; problems: readonly BadSetting[] } {
  try {
    return { mounts: mountsOf(name, gateway, config).map(mountText), problems: [] };
  } catch (error) {
    if (error instanceof BadConfig) return { mounts: [], problems: error.problems };
    throw error;
  }
}

/** Where a module that comes with muster listens; nowhere, if its config is wrong. */
export function judgeAddresses(module: string, config: Context['config']): readonly Address[] {
  try {
    if (module === 'builtin:gateway') return readGateway(config).listen.map(({ at }) => at);
    return module === 'builtin:metrics' ? [readMetrics(config).listen] : [];
  } catch (error) {
    if (error instanceof BadConfig) return [];
    throw error;
  }
}

/** What is wrong with the config of a module that comes with muster, as far as the config alone tells it. */
export function judgeConfig(module: string, config: Context['config']): readonly BadSetting[] {
  try {
    if (Object.hasOwn(readers, module)) readers[module]?.(config);
    return [];
  } catch (error) {
    if (error instanceof BadConfig) return error.problems;
    throw error;
  }
}
