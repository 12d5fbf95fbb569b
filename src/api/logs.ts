import { notLoaded } from '../engine/names.ts';
import type { LogRecord } from '../model/documents.ts';
import { globMatches, isGlob } from '../model/glob.ts';
import type { ApiPorts, Handlers, LogReader } from './call.ts';
import { inOrder, inParts } from './log-order.ts';
import { shown } from './shown.ts';

const defaultLines = 100;
/** Each has files open. */
const openAtOnce = 16;

/** What there is, in the order of time, then what comes; in parts that fit a line of the socket, the last of them the answer. */
export const logs: Handlers['logs'] = async ({ names, follow = false, lines, since }, call, ports) => {
  const chosen = await chosenLogs(names, ports);
  // Whoever asks for a time wants all of it.
  const wanted = { lines: lines ?? (since === undefined ? defaultLines : undefined), sinceMs: since, follow };
  const masked = masker(ports);
  const readers: LogReader[] = [];
  try {
    for (let first = 0; first < chosen.length; first += openAtOnce) {
      const some = chosen.slice(first, first + openAtOnce);
      readers.push(...(await Promise.all(some.map((name) => ports.openLog(name, wanted)))));
    }
    let last: LogRecord[] = [];
    for await (const part of inParts(inOrder(readers.map((reader) => reader.past())))) {
      if (last.length > 0) await call.part(last);
      if (call.signal.aborted) return [];
      last = masked(part);
    }
    if (!follow) return last;
    await call.part(last);
    await Promise.all(readers.map((reader) => send(reader)));
    return [];
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }

  async function send(reader: LogReader): Promise<void> {
    for await (const part of inParts(reader.following(call.signal))) await call.part(masked(part));
  }
};

/** Those that are loaded, and by their names those that were; a glob that matches nothing loaded finds what is left of others. */
async function chosenLogs(patterns: readonly string[], ports: ApiPorts): Promise<string[]> {
  const loaded = ports.engine.context.ports.instances.snapshot();
  const chosen = new Set<string>();
  for (const pattern of patterns) {
    if (loaded.has(pattern) || (!isGlob(pattern) && ports.hasLog(pattern))) {
      chosen.add(pattern);
      continue;
    }
    const matching = (all: Iterable<string>): string[] => [...all].filter((name) => globMatches(pattern, name));
    const found = matching(loaded.keys());
    const left = found.length > 0 ? found : matching(await ports.logNames());
    if (left.length === 0) throw notLoaded(pattern, loaded);
    for (const name of left) chosen.add(name);
  }
  return [...chosen];
}

/** Lines have their metadata in common, many thousands of them. */
function masker({ mask }: ApiPorts): (records: readonly LogRecord[]) => LogRecord[] {
  const known = new WeakMap<object, Record<string, unknown>>();
  const told = (metadata: object): Record<string, unknown> => {
    const before = known.get(metadata);
    if (before !== undefined) return before;
    const now = shown(metadata, mask) as Record<string, unknown>;
    known.set(metadata, now);
    return now;
  };
  return (records) =>
    records.map((record) => {
      const text = mask(record.text);
      const { metadata } = record;
      if (metadata === undefined) return text === record.text ? record : { ...record, text };
      return { ...record, text, metadata: told(metadata) };
    });
}
