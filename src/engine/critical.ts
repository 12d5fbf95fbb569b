import type { Change } from '../model/plan.ts';
import type { EngineContext } from './context.ts';

export interface Critical {
  /** To be called after each change of the loaded set: what failed in it for good was waited for until then. */
  afterChanges(changes: readonly Pick<Change, 'name'>[]): void;
  /** After the first run: there one that never ran counts too. */
  afterBoot(): void;
  /** For another daemon: modules that have run. */
  ran(): readonly string[];
  inherit(names: readonly string[]): void;
}

/**
 * Tells by an event `critical`, at most once, that a module of `critical: true` is down and will not be started again by
 * itself. Of a change that goes wrong that is true only if it took down what ran: one that never ran is no reason to end
 * what does.
 */
export function createCritical(context: Pick<EngineContext, 'ports' | 'claims' | 'events' | 'stopping'>): Critical {
  const { ports, claims, events, stopping } = context;
  const { instances, log } = ports;
  const ran = new Set<string>();
  let told = false;

  instances.on((event) => {
    if (event.type !== 'state') return;
    const { name, to, failed } = event;
    if (to === null) ran.delete(name);
    else if (to === 'R' || (to === 'E' && !failed)) ran.add(name);
    // Whoever works on it may bring it back.
    else if (failed && claims.current(name) === null) look(name);
  });

  function look(name: string): void {
    const loaded = instances.get(name);
    if (told || stopping.signal.aborted || loaded?.failed !== true || !loaded.spec.critical) return;
    told = true;
    const why = instances.view(name)?.status.message ?? '';
    log.error({ module: name, why }, 'a critical module failed: the daemon ends');
    events.emit({ type: 'critical', name, message: `${name} is critical and failed: ${why}` });
  }

  return {
    ran: () => [...ran],
    inherit(names) {
      for (const name of names) ran.add(name);
    },
    afterChanges(changes) {
      for (const { name } of changes) if (ran.has(name)) look(name);
    },
    afterBoot() {
      for (const name of [...instances.snapshot().keys()].sort()) look(name);
    },
  };
}
