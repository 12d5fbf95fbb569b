import { isOneshot } from '../model/oneshot.ts';
import type { EngineContext } from './context.ts';

/** Whether somebody waits for a start of it that may take as long as it likes: a oneshot that is not done. */
export function isUnderWay(name: string, { claims, ports }: Pick<EngineContext, 'claims' | 'ports'>): boolean {
  const loaded = ports.instances.get(name);
  if (loaded === undefined || claims.current(name) === null || !isOneshot(loaded.spec)) return false;
  return loaded.state === 'I' || loaded.state === 'B';
}
