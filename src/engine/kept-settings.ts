import { type Settings, undeclared } from '../model/settings.ts';
import type { EngineContext } from './context.ts';

/** Forgets all that was set of these. */
export async function purge(names: readonly string[], { ports }: EngineContext): Promise<void> {
  const set = names.filter((name) => ports.store.state.settings.has(name));
  if (set.length > 0) await ports.store.append(...set.map((name) => ({ type: 'settings' as const, name, settings: null })));
}

/** What was set follows a module to a new name. */
export async function moveSettings(from: string, to: string, { ports }: EngineContext): Promise<void> {
  const settings = ports.store.state.settings.get(from);
  if (settings === undefined) return;
  await ports.store.append({ type: 'settings', name: to, settings }, { type: 'settings', name: from, settings: null });
}

/** What the config declares of a module by now is set by hand no more. */
export async function forgetDeclared(name: string, { ports }: EngineContext): Promise<void> {
  const settings = ports.store.state.settings.get(name);
  const module = ports.instances.get(name);
  if (settings === undefined || module?.origin !== 'config') return;
  const left = undeclared(settings, (module.spec as { config?: Settings }).config ?? {});
  if (JSON.stringify(left) === JSON.stringify(settings)) return;
  await ports.store.append({ type: 'settings', name, settings: Object.keys(left).length === 0 ? null : left });
}
