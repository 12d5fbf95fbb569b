import type { Engine } from '../engine/engine.ts';
import type { ServiceManager } from './systemd.ts';

/** SIGHUP as the service manager sees it: RELOADING with the first, READY when the last of them is done, rejected or not. */
export function createReloads(engine: Engine, manager: ServiceManager, statusLine: () => string): () => void {
  let outstanding = 0;
  return () => {
    outstanding += 1;
    if (outstanding === 1) void manager.reloading();
    void engine.trigger('sighup').finally(() => {
      outstanding -= 1;
      if (outstanding === 0) void manager.ready(statusLine());
    });
  };
}
