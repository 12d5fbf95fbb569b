import { notLoaded } from '../engine/names.ts';
import type { Handlers } from './call.ts';
import { shown } from './shown.ts';

const defaultTimeoutMs = 10_000;

/** Calls an action that a package has registered, and answers what that returns. */
export const triggerHandlers: Pick<Handlers, 'trigger'> = {
  async trigger({ name, action, param, timeout }, call, { engine, mask }) {
    const { instances } = engine.context.ports;
    if (instances.get(name) === undefined) throw notLoaded(name, instances.snapshot());
    const onPart = (payload: unknown): void => {
      // A slow reader misses what comes meanwhile; the package does not wait for it.
      if (!call.signal.aborted) call.part({ part: shown(payload, mask) }).catch(() => {});
    };
    return shown(await instances.trigger(name, action, param, { timeoutMs: timeout ?? defaultTimeoutMs, onPart }), mask);
  },
};
