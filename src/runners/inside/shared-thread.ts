import type { Life } from './life.ts';

/**
 * Several modules share this thread from now on. Each has a process and a console of its own; what comes through the
 * globals all the same, of packages for example, is made out to the module whose code runs. One that has no own is the
 * owner of the thread.
 */
export function shareThread(current: () => Life | undefined): void {
  const own = (): Life | undefined => {
    const life = current();
    return life === undefined || life.surroundings.own === null ? undefined : life;
  };
  for (const name of ['stdout', 'stderr'] as const) shareStream(name, own);
  for (const name of ['env', 'argv'] as const) shareProperty(name, own);
  shareExit(own);
  shareMicrotasks(current);
}

function shareStream(name: 'stdout' | 'stderr', own: () => Life | undefined): void {
  const stream = process[name];
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
  stream.write = (...all: unknown[]): boolean => {
    const process = own()?.surroundings.own?.process;
    return process === undefined ? write(...all) : Reflect.apply(process[name].write, process[name], all);
  };
}

function shareProperty(name: 'env' | 'argv', own: () => Life | undefined): void {
  let ofThread = process[name] as unknown;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => own()?.surroundings.own?.process[name] ?? ofThread,
    set(value: unknown) {
      ofThread = value;
    },
  });
}

function shareExit(own: () => Life | undefined): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    const ownProcess = own()?.surroundings.own?.process;
    return ownProcess === undefined ? exit(code) : ownProcess.exit(code);
  };
}

/** Node itself forgets whose they were when they throw. */
function shareMicrotasks(current: () => Life | undefined): void {
  const queue = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (fn) => {
    const life = current();
    if (life === undefined || typeof fn !== 'function') return queue(fn);
    queue(() => {
      try {
        fn();
      } catch (error) {
        life.uncaught(error);
      }
    });
  };
}
