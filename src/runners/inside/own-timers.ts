import { promisify } from 'node:util';

/** The timers of a module that shares its thread: what it has not cleared itself ends with it. */
export interface OwnTimers {
  readonly timers: Pick<typeof globalThis, TimerName>;
  close(): void;
}

export const timerNames = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval'] as const;
type TimerName = (typeof timerNames)[number];

type Timed = (...args: unknown[]) => unknown;
type SetTimer = (fn: Timed, ms?: number, ...args: unknown[]) => NodeJS.Timeout;

export function createOwnTimers(): OwnTimers {
  const pending = new Set<unknown>();
  let closed = false;

  /** A timer that is set too late never goes off. */
  function keep(timer: NodeJS.Timeout): NodeJS.Timeout {
    if (closed) clearTimeout(timer);
    else pending.add(timer);
    return timer;
  }
  const clear = (timer?: NodeJS.Timeout | string | number): void => {
    pending.delete(timer);
    clearTimeout(timer);
  };
  const once: SetTimer = (fn, ms, ...args) => {
    if (typeof fn !== 'function') return setTimeout(fn, ms, ...args); // which says what is wrong
    const timer = setTimeout(function (this: unknown) {
      pending.delete(timer);
      Reflect.apply(fn, this, args);
    }, ms);
    return keep(timer);
  };
  const again: SetTimer = (fn, ms, ...args) => keep(setInterval(fn, ms, ...args));
  const soon = (fn: Timed, ...args: unknown[]): NodeJS.Immediate => {
    if (typeof fn !== 'function') return setImmediate(fn, ...args);
    return setImmediate(function (this: unknown) {
      if (!closed) Reflect.apply(fn, this, args);
    });
  };
  return {
    timers: {
      setTimeout: likeNodes(once, setTimeout),
      setInterval: likeNodes(again, setInterval),
      setImmediate: likeNodes(soon, setImmediate),
      clearTimeout: clear,
      clearInterval: clear,
    },
    close() {
      closed = true;
      for (const timer of pending) clearTimeout(timer as NodeJS.Timeout);
      pending.clear();
    },
  };
}

/** What `promisify` makes of it is Node's own. */
function likeNodes<T extends object>(own: unknown, nodes: T): T {
  const promised = Object.getOwnPropertyDescriptor(nodes, promisify.custom);
  if (promised !== undefined) Object.defineProperty(own, promisify.custom, promised);
  return own as T;
}
