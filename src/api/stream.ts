import { notLoaded } from '../engine/names.ts';
import type { EventDoc, LogRecord } from '../model/documents.ts';
import { globMatches, isGlob } from '../model/glob.ts';
import type { ApiPorts, Call, Handlers } from './call.ts';

const defaultLines = 100;

/** Methods that answer with a stream; with `follow` until the caller leaves. */
export const streamHandlers: Pick<Handlers, 'logs' | 'events'> = {
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
    await forwardEvents(call, past, engine.context.events.subscribe);
    return [];
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

/** How many events may wait for a slow reader before the oldest are dropped. */
const maxWaiting = 1000;

/** What is past goes first; what happens while it is being sent is not lost. */
async function forwardEvents(
  call: Call,
  past: readonly EventDoc[],
  subscribe: (listener: (event: EventDoc) => void) => () => void,
): Promise<void> {
  const waiting = [...past];
  let wake = (): void => {};
  const end = subscribe((event) => {
    waiting.push(event);
    if (waiting.length > maxWaiting) waiting.shift();
    wake();
  });
  call.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!call.signal.aborted) {
      if (waiting.length > 0) await call.part(waiting.splice(0));
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
  }
}
