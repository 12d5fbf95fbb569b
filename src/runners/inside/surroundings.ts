import type { EventEmitter } from 'node:events';
import type { Start } from '../protocol.ts';
import { createOutput, type Output } from './output.ts';
import { OwnGlobals, type OwnGlobalsOptions } from './own-globals.ts';

/** What stands around a module where Node's globals would: those of its thread, or where several share one, its own. */
export interface Surroundings {
  /** Null: it has the thread's. */
  readonly own: OwnGlobals | null;
  write(stream: 'stdout' | 'stderr', text: string | Uint8Array): void;
  /** Output that has arrived. */
  wrote(bytes: number): void;
  /**
   * Whether the module listens for errors that nobody caught: then it has taken the matter into its hands. `rejected` is
   * the promise whose rejection it was.
   */
  hears(error: unknown, rejected?: Promise<unknown>): boolean;
  /** `code`: what those hear who listen for its exit; null: nobody does. */
  close(code: number | null): void;
}

/** Errors that nobody caught are heard by as many listeners of the realm itself, for each kind. */
const ofRealm = 1;

/** Of a module that is alone in its thread, or the owner of it. */
export function takeThread({ path, args, env }: Start): Surroundings {
  Object.assign(process.env, env);
  process.argv.splice(1, process.argv.length, path, ...args);
  return {
    own: null,
    write: (stream, text) => void process[stream].write(text),
    wrote() {},
    hears: (error, rejected) => hears(process, ofRealm, error, rejected),
    close() {}, // the thread ends with it
  };
}

/** Where its output goes, and its end. */
export interface PartWays {
  pass(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  exit(code: number): never;
}

/** Of a module among several. */
export class Part implements Surroundings, OwnGlobalsOptions {
  readonly start: Start;
  readonly own: OwnGlobals;
  readonly #ways: PartWays;
  #output: Output | null = null;

  constructor(start: Start, ways: PartWays) {
    this.start = start;
    this.#ways = ways;
    this.own = new OwnGlobals(this);
  }

  /** Most modules print nothing. */
  output(): Output {
    this.#output ??= createOutput(this.#ways.pass);
    return this.#output;
  }

  exit(code: number): never {
    return this.#ways.exit(code);
  }

  write(stream: 'stdout' | 'stderr', text: string | Uint8Array): void {
    this.output().write(stream, text);
  }

  wrote(bytes: number): void {
    this.output().wrote(bytes);
  }

  hears(error: unknown, rejected?: Promise<unknown>): boolean {
    const on: EventEmitter | null = this.own.usedProcess();
    if (on === null) return false;
    if (rejected === undefined) return on.emit('uncaughtException', error, 'uncaughtException');
    return on.emit('unhandledRejection', error, rejected) || hears(on, 0, error, rejected);
  }

  close(code: number | null): void {
    this.own.close();
    if (code !== null) emitExit(this.own.usedProcess(), code);
    this.output().close();
  }
}

/** As Node does it: a rejection without a listener for such is an uncaught error. Of those all listeners have heard. */
function hears(on: EventEmitter, ours: number, error: unknown, rejected: Promise<unknown> | undefined): boolean {
  if (rejected === undefined) return on.listenerCount('uncaughtException') > ours;
  if (on.listenerCount('unhandledRejection') > ours) return true;
  if (on.listenerCount('uncaughtException') <= ours) return false;
  return on.emit('uncaughtException', error, 'unhandledRejection');
}

function emitExit(on: NodeJS.Process | null, code: number): void {
  try {
    on?.emit('exit', code);
  } catch {
    // It has ended; there is nobody to tell.
  }
}
