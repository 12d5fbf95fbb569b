import { MusterError, type WireError } from '../model/error.ts';
import type { CgroupSpec } from '../model/fields/cgroup.ts';
import type { Held, Kept, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import { a, type Check, list, number, object, optional, or, text, texts } from './shape.ts';

/** What the two ends must have in common; a keeper of another version is put away, and its children are found again. */
export const keeperVersion = 3;
/** How long a keeper that is handed over waits for the next daemon, ms. */
export const handoverMs = 30_000;

/** What a command is started from; its output goes another way (`Held.fifos`). */
export type Order = Omit<SpawnSpec, 'onOutput' | 'onNotice'>;

/** A child as a keeper tells the next daemon of it. */
export interface Found {
  readonly held: Held;
  /** How it ended; null while it runs. */
  readonly exit: ProcessExit | null;
}

export type ToKeeper =
  /** The first message. `adopt`: children of a keeper that is no more. */
  | { readonly type: 'hello'; readonly version: number; readonly adopt: readonly Held[] }
  | { readonly type: 'spawn'; readonly order: Order }
  | { readonly type: 'signal'; readonly id: string; readonly signal: string }
  | { readonly type: 'killTree'; readonly id: string }
  /** Stops what was kept and is not wanted any more, as it is to be stopped. */
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'limit'; readonly id: string; readonly call: number; readonly cgroup?: CgroupSpec }
  | { readonly type: 'keep'; readonly id: string; readonly as: Kept | null }
  /** Its output has been read. `clean`: to its end, so that nobody else can write there. */
  | { readonly type: 'release'; readonly id: string; readonly clean: boolean }
  /** This daemon goes, and another one comes soon: until that has said `settled` nothing ends because a daemon does. */
  | { readonly type: 'handOver' }
  | { readonly type: 'settled' }
  /** To be answered by `pong`, so that one that hangs is noticed. */
  | { readonly type: 'ping' }
  | { readonly type: 'dispose' };

export type FromKeeper =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly pid: number;
      readonly lease: string;
      readonly found: readonly Found[];
      /** Name of a pipe: when neither keeper nor daemon has it open any more, what runs is killed. */
      readonly sentinel?: string;
      /** Name of another: when no daemon has it open any more and the keeper does not notice, the keeper is killed. */
      readonly watch?: string;
    }
  | { readonly type: 'spawned'; readonly id: string; readonly held: Held }
  | { readonly type: 'failed'; readonly id: string; readonly error: WireError }
  | { readonly type: 'exited'; readonly id: string; readonly exit: ProcessExit }
  /** Nothing of its tree is left. */
  | { readonly type: 'gone'; readonly id: string }
  | { readonly type: 'limited'; readonly call: number; readonly error: WireError | null }
  | { readonly type: 'pong' }
  | { readonly type: 'log'; readonly level: LogLevel; readonly fields: Readonly<Record<string, unknown>>; readonly message: string };

/** What it says of what it looks after. */
export type Report = Exclude<FromKeeper, { type: 'hello' | 'pong' }>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const record = object<Readonly<Record<string, unknown>>>({});
const nullable = <T>(check: Check<T>): Check<T | null> => or(a(null), check);

const kept = object<Kept>({ name: text, argv: list(text), log: record, stopSignal: text, stopTimeout: number });
const exit = object<ProcessExit>({ code: nullable(number), signal: nullable(text) });
const held = object<Held>({
  id: text,
  name: text,
  pid: number,
  startTime: nullable(text),
  bootId: nullable(text),
  containment: text,
  cgroup: nullable(text),
  fifos: object({ stdout: text, stderr: optional(text), notice: optional(text) }),
  digest: nullable(text),
  startedAt: number,
  kept: nullable(kept),
});
const founds = list(object<Found>({ held, exit: nullable(exit) }));
const order = object<Order>({
  lease: text,
  name: text,
  argv: list(text),
  cwd: text,
  env: texts,
  arg0: optional(text),
  stdin: optional(text),
  listen: optional(text),
  channel: optional(text),
});
const error = object<WireError>({ code: text, message: text });
const id = { id: text };

const toKeeper: { readonly [T in ToKeeper['type']]: Check<unknown> } = {
  hello: object({ version: number, adopt: list(held) }),
  spawn: object({ order }),
  signal: object({ ...id, signal: text }),
  killTree: object(id),
  stop: object(id),
  limit: object({ ...id, call: number, cgroup: optional(record) }),
  keep: object({ ...id, as: nullable(kept) }),
  release: object({ ...id, clean: or(a(true), a(false)) }),
  handOver: object({}),
  settled: object({}),
  ping: object({}),
  dispose: object({}),
};

const fromKeeper: { readonly [T in FromKeeper['type']]: Check<unknown> } = {
  hello: object({ version: number, pid: number, lease: text, found: founds, sentinel: optional(text), watch: optional(text) }),
  spawned: object({ ...id, held }),
  failed: object({ ...id, error }),
  exited: object({ ...id, exit }),
  gone: object(id),
  limited: object({ call: number, error: nullable(error) }),
  pong: object({}),
  log: object({ level: or(a('debug'), a('info'), a('warn'), a('error')), fields: record, message: text }),
};

export function parseToKeeper(line: string): ToKeeper {
  return parse(line, toKeeper) as ToKeeper;
}

export function parseFromKeeper(line: string): FromKeeper {
  return parse(line, fromKeeper) as FromKeeper;
}

/** Throws for what is no list of these. */
export function parseFound(text: string): readonly Found[] {
  const value = fromJson(text);
  if (founds(value)) return value;
  throw new MusterError('EPROTO', 'what was left by a keeper is damaged');
}

function parse(line: string, checks: Readonly<Record<string, Check<unknown>>>): unknown {
  const message = fromJson(line) as { readonly type?: unknown } | null;
  const type = typeof message === 'object' && message !== null ? message.type : undefined;
  if (typeof type === 'string' && Object.hasOwn(checks, type) && checks[type]?.(message) === true) return message;
  throw new MusterError('EPROTO', `what came is no message between a daemon and its keeper: ${line.slice(0, 80)}`);
}

function fromJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
