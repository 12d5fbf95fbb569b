import { notLoaded } from '../engine/names.ts';
import type { EventDoc, LogRecord, TraceRecord } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { globMatches, isGlob } from '../model/glob.ts';
import type { ApiPorts, Handlers } from './call.ts';
import { forward } from './forward.ts';
import { shown } from './shown.ts';

const defaultLines = 100;

/** Methods that answer with a stream; with `follow` until the caller leaves. */
export const streamHandlers: Pick<Handlers, 'logs' | 'events' | 'trace'> = {
  async logs({ names, follow, lines, since }, call, ports) {
    const chosen = logNames(names, ports);
    const options = { lines: lines ?? defaultLines, ...(since === undefined ? {} : { sinceMs: since }) };
    const past = (await Promise.all(chosen.map((name) => ports.readLogs(name, options)))).flat().sort(byTime);
    const masked = past.map((record) => maskRecord(record, ports));
    if (follow !== true) return masked;
    await call.part(masked);
    await Promise.all(
      chosen.map(async (name) => {
        for await (const records of ports.followLogs(name, call.signal))
          await call.part(records.map((record) => maskRecord(record, ports)));
      }),
    );
    return [];
  },

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
      (records, dropped) => ({ records: records.map((record) => maskTrace(record, mask)), dropped }),
    );
    return { records: [], dropped: 0 };
  },
};

function logNames(patterns: readonly string[], ports: ApiPorts): string[] {
  const loaded = ports.engine.context.ports.instances.snapshot();
  return patterns.flatMap((pattern) => {
    if (loaded.has(pattern) || (!isGlob(pattern) && ports.hasLog(pattern))) return [pattern];
    const found = [...loaded.keys()].filter((name) => globMatches(pattern, name));
    if (found.length === 0) throw notLoaded(pattern, loaded);
    return found;
  });
}

function maskRecord(record: LogRecord, { mask }: ApiPorts): LogRecord {
  const text = mask(record.text);
  return text === record.text ? record : { ...record, text };
}

/** Stable, so that lines of one module keep their order where times are equal or unknown. */
function byTime(a: LogRecord, b: LogRecord): number {
  return a.at === null || b.at === null || a.at === b.at ? 0 : a.at < b.at ? -1 : 1;
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
