import type { SettingDoc } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Params } from '../model/methods.ts';
import { configOf, mergedConfig } from '../model/package-config.ts';
import { formatVersion } from '../model/plan.ts';
import { type Settings, settingAt, settingKeys, settingPath, shownSettings } from '../model/settings.ts';
import type { EngineContext } from './context.ts';
import { bare, defaultsOf, known } from './settings.ts';

/** `get NAME[:KEY]`: what is in effect, and who says it. Of a module that is gone what was set of it. Secrets are not told. */
export async function getSetting({ name, key }: Params<'get'>, context: EngineContext): Promise<SettingDoc> {
  const { defaults, said, set } = await layers(name, context);
  const whole = mergedConfig(defaults, mergedConfig(said, set));
  const doc = { formatVersion, name, set: settingKeys(set).sort() };
  if (key === undefined) return { ...doc, key: null, value: shownSettings(whole), from: null };
  const path = settingPath(key);
  const value = settingAt(whole, path);
  if (value === undefined) throw noKey(name, key, whole);
  const layer = [['settings', set] as const, ['config', said] as const, ['defaults', defaults] as const].find(
    ([, tree]) => settingAt(tree, path) !== undefined,
  );
  return { ...doc, key, value: shownSettings(value, path), from: layer?.[0] ?? null };
}

async function layers(name: string, context: EngineContext): Promise<{ defaults: Settings; said: Settings; set: Settings }> {
  const { instances, store } = context.ports;
  const set = store.state.settings.get(name);
  try {
    const module = await known(name, context);
    // What runs counts: an override is in no journal.
    const running = (instances.get(name)?.spec as { settings?: Settings } | undefined)?.settings;
    return { defaults: await defaultsOf(module, context), said: configOf(bare(module)), set: running ?? set ?? {} };
  } catch (error) {
    if (set === undefined) throw error;
    return { defaults: {}, said: {}, set };
  }
}

function noKey(name: string, key: string, config: Settings): MusterError {
  const keys = Object.keys(config).sort();
  return new MusterError('ENOENT', `the config of ${name} has no ${key}`, {
    hint: keys.length === 0 ? 'it is empty' : `it has ${keys.join(', ')}`,
  });
}
