import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Start } from '../protocol.ts';
import type { Output } from './output.ts';
import { createOwnTimers, type OwnTimers } from './own-timers.ts';

export interface OwnGlobalsOptions {
  readonly start: Pick<Start, 'path' | 'args' | 'env'>;
  /** Made when it is first asked for. */
  output(): Output;
  /** Ends the module, and does not return to it. */
  exit(code: number): never;
}

/** What a module that shares its thread has in the place of Node's own. Each is made when it is first asked for. */
export class OwnGlobals {
  readonly #options: OwnGlobalsOptions;
  #process: NodeJS.Process | null = null;
  #console: Console | null = null;
  #timers: OwnTimers | null = null;
  #closed = false;

  constructor(options: OwnGlobalsOptions) {
    this.#options = options;
  }

  get process(): NodeJS.Process {
    this.#process ??= createProcess(this.#options);
    return this.#process;
  }

  get console(): Console {
    const { stdout, stderr } = this.process;
    this.#console ??= Object.assign(new Console({ stdout, stderr }), { Console });
    return this.#console;
  }

  get timers(): OwnTimers['timers'] {
    this.#timers ??= createOwnTimers();
    if (this.#closed) this.#timers.close();
    return this.#timers.timers;
  }

  /** Null while the module has not asked for it. */
  usedProcess(): NodeJS.Process | null {
    return this.#process;
  }

  /** Nothing goes off any more. */
  close(): void {
    this.#closed = true;
    this.#timers?.close();
  }
}

function createProcess(options: OwnGlobalsOptions): NodeJS.Process {
  const { path, args, env } = options.start;
  const own = Object.create(process, {
    ...lazy('stdout', () => createStream(options.output(), 'stdout')),
    ...lazy('stderr', () => createStream(options.output(), 'stderr')),
    ...lazy('env', () => environment(env)),
    ...lazy('argv', () => [process.execPath, path, ...args]),
    exitCode: { value: undefined, writable: true, enumerable: true },
    exit: { value: (code?: number | string | null) => options.exit(Number(code ?? own.exitCode ?? 0)), writable: true },
  }) as NodeJS.Process;
  Reflect.apply(EventEmitter, own, []);
  return own;
}

function lazy(name: string, make: () => unknown): PropertyDescriptorMap {
  let made: { value: unknown } | null = null;
  return {
    [name]: {
      enumerable: true,
      configurable: true,
      get() {
        made ??= { value: make() };
        return made.value;
      },
      set(value: unknown) {
        made = { value };
      },
    },
  };
}

/** As in Node's own, every value is text. */
function environment(env: Start['env']): NodeJS.ProcessEnv {
  return new Proxy<NodeJS.ProcessEnv>(
    { ...env },
    {
      set: (all, name, value) => Reflect.set(all, name, String(value)),
    },
  );
}

/** Takes everything at once; who heeds what `write` returns waits for `drain` as with any stream. */
function createStream(output: Output, name: 'stdout' | 'stderr'): Writable {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Uint8Array, _, done) {
      output.write(name, chunk);
      done();
    },
  });
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean;
  let waiting = false;
  function room(): void {
    waiting = false;
    stream.emit('drain');
  }
  stream.write = (...all: unknown[]) => {
    write(...all);
    if (output.hasRoom()) return true;
    if (!waiting) output.onRoom(room);
    waiting = true;
    return false;
  };
  return stream;
}
