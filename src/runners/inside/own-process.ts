import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Start } from '../protocol.ts';
import type { Output } from './output.ts';

/** What a module that shares its thread has in the place of Node's own. */
export interface OwnGlobals {
  readonly process: NodeJS.Process;
  readonly console: Console;
  /** Whether the module has asked for its process. */
  used(): boolean;
}

export interface OwnGlobalsOptions {
  readonly start: Pick<Start, 'path' | 'args' | 'env'>;
  readonly output: Output;
  /** Ends the module, and does not return to it. */
  exit(code: number): never;
}

/** Each part is made when the module first asks for it: most use none of them. */
export function createOwnGlobals({ start, output, exit }: OwnGlobalsOptions): OwnGlobals {
  let own: NodeJS.Process | null = null;
  let ownConsole: Console | null = null;
  const globals: OwnGlobals = {
    get process() {
      own ??= createProcess(start, output, exit);
      return own;
    },
    get console() {
      const { stdout, stderr } = globals.process;
      ownConsole ??= Object.assign(new Console({ stdout, stderr }), { Console });
      return ownConsole;
    },
    used: () => own !== null,
  };
  return globals;
}

function createProcess({ path, args, env }: OwnGlobalsOptions['start'], output: Output, exit: (code: number) => never): NodeJS.Process {
  const own = Object.create(process, {
    ...lazy('stdout', () => createStream(output, 'stdout')),
    ...lazy('stderr', () => createStream(output, 'stderr')),
    ...lazy('env', () => environment(env)),
    ...lazy('argv', () => [process.execPath, path, ...args]),
    exitCode: { value: undefined, writable: true, enumerable: true },
    exit: { value: (code?: number | string | null) => exit(Number(code ?? own.exitCode ?? 0)), writable: true },
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
  stream.write = (...all: unknown[]) => {
    write(...all);
    if (output.hasRoom()) return true;
    output.onRoom(() => stream.emit('drain'));
    return false;
  };
  return stream;
}
