import { AsyncLocalStorage } from 'node:async_hooks';

/** Knows whose code runs, also in callbacks of timers, streams and promises. */
export interface Scopes<T> {
  run<R>(owner: T, fn: () => R): R;
  /** Undefined where it cannot be known, and in a realm of one. */
  current(): T | undefined;
  /** Several share this realm from now on. Until then nothing is kept track of, which makes every promise cheaper. */
  share(): void;
}

export function createScopes<T>(): Scopes<T> {
  let storage: AsyncLocalStorage<T> | null = null;
  return {
    run: (owner, fn) => (storage === null ? fn() : storage.run(owner, fn)),
    current: () => storage?.getStore(),
    share() {
      storage ??= new AsyncLocalStorage<T>();
    },
  };
}
