import type { Address, Traced, Tracing } from '../../../model/bus.ts';
import type { FromRealm } from '../../protocol.ts';
import { again } from './payload.ts';
import { sizeOf } from './size.ts';
import type { Turn } from './turn.ts';

/** Of one turn so much is told; what is beyond is counted. */
const mostRecords = 1024;
const mostBytes = 4 * 1024 * 1024;

type Way = Pick<Traced, 'type' | 'topic' | 'from' | 'to'>;

/** What is told of messages while somebody traces them. Callers ask `on` first, so that it costs nothing while nobody does. */
export interface Tap {
  on: Tracing;
  message(way: Way, payload: unknown, how?: Pick<Traced, 'error' | 'more'>): void;
  response(from: Address, asked: { asker: Address; topic: string }, payload: unknown, how?: Pick<Traced, 'error' | 'more'>): void;
}

export interface TapPorts {
  post(message: FromRealm): void;
  now(): number;
  readonly turn: Turn;
}

export function createTap({ post, now, turn }: TapPorts): Tap {
  let records: Traced[] = [];
  let bytes = 0;
  let dropped = 0;

  turn.atEnd(() => {
    if (records.length === 0) return;
    post({ type: 'traced', records, dropped });
    records = [];
    bytes = 0;
    dropped = 0;
  });

  function message(way: Way, payload: unknown, how: Pick<Traced, 'error' | 'more'> = {}): void {
    if (records.length >= mostRecords || bytes >= mostBytes) {
      dropped += 1;
      return;
    }
    const size = payload === undefined ? 0 : sizeOf(payload);
    const whole = tap.on?.payloads === true && payload !== undefined;
    if (whole) bytes += size;
    records.push({ at: now(), ...way, size, ...how, ...(whole ? { payload: again(payload) } : {}) });
    turn.wake();
  }

  const tap: Tap = {
    on: null,
    message,
    response: (from, { asker, topic }, payload, how) => message({ type: 'response', topic, from, to: asker }, payload, how),
  };
  return tap;
}
