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
