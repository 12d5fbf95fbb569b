import type { EventDoc, TraceRecord } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Handlers } from './call.ts';
import { forward } from './forward.ts';
import { logs } from './logs.ts';
import { shown } from './shown.ts';

const defaultLines = 100;

/** Methods that answer with a stream; with `follow` until the caller leaves. */
export const streamHandlers: Pick<Handlers, 'logs' | 'events' | 'trace'> = {
  logs,

  async events({ follow, lines }, call, { engine }) {
    const past = engine.context.events.recent().slice(-(lines ?? defaultLines));
    if (follow !== true) return [...past];
    await forward<EventDoc>(
      call,
      past,
      (take) => engine.context.events.subscribe((event) => take([event])),
      (events) => events,
    );
    return [];
  },

  async trace({ names, types, topic, full }, call, { bus, mask }) {
    if (topic === '' || names?.includes('') === true) {
      const hint = 'leave it out for all messages';
      throw new MusterError('EINVAL', `an empty ${topic === '' ? 'topic' : 'name'} matches no message`, { hint });
    }
    const wanted = { names, types, topic, payloads: full === true };
    const end = new AbortController();
    await forward<TraceRecord>(
      call,
      [],
      (take) => {
        bus.trace(wanted, take, end.signal);
        return () => end.abort();
      },
      (records, dropped) => ({ records: records.sort(byTime).map((record) => maskTrace(record, mask)), dropped }),
    );
    return { records: [], dropped: 0 };
  },
};

/** They come from several runners, some of each at a time; of one runner they keep their order. */
function byTime(a: TraceRecord, b: TraceRecord): number {
  return a.at === b.at ? 0 : a.at < b.at ? -1 : 1;
}

function maskTrace(record: TraceRecord, mask: (text: string) => string): TraceRecord {
  const topic = mask(record.topic);
  const { error, payload } = record;
  return {
    ...record,
    topic,
    ...(error === undefined ? {} : { error: mask(error) }),
    ...(payload === undefined ? {} : { payload: shown(payload, mask) }),
  };
}
