import type { Loaded, Reason } from '../model/module.ts';
import type { Draft } from './draft.ts';

export const loadedByService: Reason = { code: 'service', text: 'loaded by a service; left alone' };

/** Why a loaded module that is not wanted is left alone all the same; null if it is to be removed. */
export function stays({ input, skipped }: Pick<Draft, 'input' | 'skipped'>, loaded: Loaded): Reason | null {
  const prune = input.request.prune ?? input.config.policy.prune;
  switch (loaded.origin) {
    case 'service':
      return loadedByService;
    case 'manual':
      return prune === 'all' ? null : { code: 'manual', text: 'loaded by hand; left alone' };
    case 'config':
      // Disabled, or its condition does not hold: that is asked for, and pruning has no say in it.
      if (skipped.has(loaded.name)) return null;
      if (prune === 'none') return { code: 'pruneNone', text: 'no longer declared; prune is none' };
      return loaded.spec.prune ? null : { code: 'pruneFalse', text: 'no longer declared; prune is false' };
  }
}
