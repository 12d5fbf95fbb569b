import { type Address, daemonAddress, type Traced, type Tracing } from '../model/bus.ts';
import type { TraceRecord } from '../model/documents.ts';
import { withheld } from '../model/settings.ts';
import { createGlobs, type Globs } from './globs.ts';
import type { Link } from './link.ts';

/** Which messages a tracer is told of. */
export interface TraceWanted {
  /** Names or globs, of modules that need not be there (yet); without them everything, each message once. */
  readonly names?: readonly string[] | undefined;
  readonly types?: readonly Traced['type'][] | undefined;
  /** A glob. */
  readonly topic?: string | undefined;
  /** Whether messages are wanted whole. */
  readonly payloads: boolean;
}

/** All clients are one name to those who look on. */
export const someClient: Address = -1;

export type OnRecords = (records: readonly TraceRecord[], dropped: number) => void;

interface Tracer {
  readonly wanted: TraceWanted;
  readonly names: Globs | null;
  readonly topic: Globs | null;
  readonly onRecords: OnRecords;
}

interface Told {
  readonly name: string;
  readonly record: TraceRecord;
}

/** Names of instances that are gone; what is told of them may come later. */
const remembered = 4096;

/** Its own messages would be one more message each. */
const untraced = 'muster.trace';

/** Who looks on, and what they get to see. While nobody does, nothing is recorded anywhere. */
export class Tracers {
  #tracers = new Set<Tracer>();
  #links = new Set<Link>();
  #nameOf: (address: Address) => string | undefined;
  #now: () => number;
  #gone = new Map<Address, string>();
  #own: Traced[] = [];
  #told: Told[] = [];

  constructor(nameOf: (address: Address) => string | undefined, now: () => number) {
    this.#nameOf = nameOf;
    this.#now = now;
  }

  get active(): boolean {
    return this.#tracers.size > 0;
  }

  trace(wanted: TraceWanted, onRecords: OnRecords, signal: AbortSignal): void {
    if (signal.aborted) return;
    const before = this.#tracing();
    const names = wanted.names === undefined || wanted.names.length === 0 ? null : createGlobs(wanted.names);
    const tracer: Tracer = { wanted, names, topic: wanted.topic === undefined ? null : createGlobs([wanted.topic]), onRecords };
    this.#tracers.add(tracer);
    this.#tell(before);
    const end = (): void => {
      const last = this.#tracing();
      this.#tracers.delete(tracer);
      this.#tell(last);
    };
    signal.addEventListener('abort', end, { once: true });
  }

  connect(link: Link): void {
    this.#links.add(link);
    if (this.active) link.send({ type: 'tracing', tracing: this.#tracing() });
  }

  close(link: Link): void {
    this.#links.delete(link);
  }

  ended(address: Address, name: string): void {
    this.#gone.set(address, name);
    if (this.#gone.size <= remembered) return;
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest);
      break;
    }
  }

  /** What a runner has seen. */
  received(records: readonly Traced[], dropped: number): void {
    for (const { names, topic, wanted, onRecords } of this.#tracers) {
      const seen: TraceRecord[] = [];
      for (const record of records) {
        if (wanted.types !== undefined && !wanted.types.includes(record.type)) continue;
        if (topic !== null && !topic.match(record.topic)) continue;
        const [from, to] = [this.#name(record.from), record.to === null ? null : this.#name(record.to)];
        if (isFor(names, record, from, to)) seen.push(shown(record, from, to, wanted.payloads));
      }
      if (seen.length > 0 || dropped > 0) onRecords(seen, dropped);
    }
  }

  /** What only the daemon sees; told with the rest of this turn. */
  record(record: Omit<Traced, 'at' | 'size'>): void {
    if (!this.active || record.topic === untraced) return;
    const size = sizeOf(record.payload);
    // What is set or loaded by hand is said outright, and no secret that anybody knows of yet.
    const payload = record.to === daemonAddress ? withheld(record.payload) : record.payload;
    if (this.#own.push({ ...record, payload, at: this.#now(), size }) > 1) return;
    setImmediate(() => {
      const records = this.#own;
      this.#own = [];
      this.received(records, 0);
    });
  }

  /** A message between muster and a program that has no address here; `record` names both. */
  told(name: string, record: Pick<TraceRecord, 'topic' | 'from' | 'to' | 'payload'>): void {
    if (!this.active) return;
    const seen = {
      name,
      record: { ...record, at: new Date(this.#now()).toISOString(), type: 'event' as const, size: sizeOf(record.payload) },
    };
    if (this.#told.push(seen) > 1) return;
    setImmediate(() => {
      const all = this.#told;
      this.#told = [];
      for (const tracer of this.#tracers) this.#tellTold(tracer, all);
    });
  }

  #tellTold({ names, topic, wanted, onRecords }: Tracer, all: readonly Told[]): void {
    if (wanted.types !== undefined && !wanted.types.includes('event')) return;
    const fitting = all.filter(
      ({ name, record }) => (names === null || names.match(name)) && (topic === null || topic.match(record.topic)),
    );
    const records = fitting.map(({ record: { payload, ...rest } }) => (wanted.payloads ? { ...rest, payload } : rest));
    if (records.length > 0) onRecords(records, 0);
  }

  #tracing(): Tracing {
    if (!this.active) return null;
    return { payloads: [...this.#tracers].some(({ wanted }) => wanted.payloads) };
  }

  #tell(before: Tracing): void {
    const tracing = this.#tracing();
    if (before?.payloads === tracing?.payloads) return;
    for (const link of this.#links) link.send({ type: 'tracing', tracing });
  }

  #name(address: Address): string {
    if (address === daemonAddress) return 'muster';
    if (address < 0) return 'client';
    return this.#nameOf(address) ?? this.#gone.get(address) ?? `#${address}`;
  }
}

/** An event is told once where it is published and once wherever it arrives. */
function isFor(names: Globs | null, { type, to }: Traced, from: string, toName: string | null): boolean {
  if (names === null) return type !== 'event' || to === null;
  if (type !== 'event') return names.match(from) || (toName !== null && names.match(toName));
  return toName === null ? names.match(from) : names.match(toName);
}

function shown({ at, type, topic, error, more, size, payload }: Traced, from: string, to: string | null, payloads: boolean): TraceRecord {
  return {
    at: new Date(at).toISOString(),
    type,
    topic,
    from,
    to,
    ...(error === undefined ? {} : { error }),
    ...(more === undefined ? {} : { more }),
    size,
    ...(payloads ? { payload } : {}),
  };
}

/** What the daemon itself records is JSON, or nearly. */
function sizeOf(payload: unknown): number {
  try {
    return JSON.stringify(payload)?.length ?? 0;
  } catch {
    return 0;
  }
}
