import { audit } from '../engine/audit.ts';
import type { Engine } from '../engine/engine.ts';
import type { DownDoc } from '../model/documents.ts';
import type { Log } from '../model/ports.ts';

export interface Stopping {
  stop(options?: { keep: boolean }): Promise<DownDoc>;
  /** By a signal: nobody else writes down that it was asked for. */
  bySignal(): Promise<DownDoc>;
  now(): void;
}

/** Stops everything once, whoever asks and however often; who asks first says how. */
export function stopOnce(engine: Engine, log: Log, announce: () => Promise<void>): Stopping {
  let stopping: { done: Promise<DownDoc>; now(): void } | null = null;
  const begin = (options?: { keep: boolean }) => {
    if (stopping === null) {
      void announce();
      stopping = engine.stop(options);
      log.info({}, 'stopping');
      void stopping.done.then((what) => {
        const { stopped, ...rest } = what;
        const told = Object.entries(rest).filter(([, names]) => names.length > 0);
        log.info({ stopped, ...Object.fromEntries(told) }, 'stopped');
      });
    }
    return stopping;
  };
  return {
    stop: (options) => begin(options).done,
    async bySignal() {
      const isFirst = stopping === null;
      const done = await begin().done;
      if (isFirst) await audit({ trigger: 'signal' }, null, engine.context);
      return done;
    },
    now: () => begin().now(),
  };
}
