import type { LogRecord } from '../model/documents.ts';

/** Records of several logs, each oldest first, in one row by their time. One whose time is not known stays behind the one before it. */
export async function* inOrder(logs: readonly AsyncIterable<LogRecord[]>[]): AsyncGenerator<LogRecord[]> {
  const [only] = logs;
  if (only !== undefined && logs.length === 1) return yield* only;
  const sources = logs.map((log) => ({ batches: log[Symbol.asyncIterator](), batch: [] as LogRecord[], at: 0, time: '' }));
  const open = new Set(sources);
  for (;;) {
    for (const source of open) {
      if (source.at < source.batch.length) continue;
      const next = await source.batches.next();
      if (next.done === true) open.delete(source);
      else Object.assign(source, { batch: next.value, at: 0 });
    }
    if (open.size === 0) return;
    // Until one of them has no more at hand.
    const row: LogRecord[] = [];
    while ([...open].every(({ at, batch }) => at < batch.length)) {
      let first: (typeof sources)[number] | null = null;
      for (const source of open) {
        source.time = source.batch[source.at]?.at ?? source.time;
        if (first === null || source.time < first.time) first = source;
      }
      if (first === null) return;
      row.push(first.batch[first.at] as LogRecord);
      first.at += 1;
    }
    yield row;
  }
}

/** A line of the socket holds 8 MiB; a character takes six bytes of it at worst. */
const partSize = 1024 * 1024;
const perRecord = 200;

/** Batches of a size that can be sent. */
export async function* inParts(batches: AsyncIterable<readonly LogRecord[]>): AsyncGenerator<LogRecord[]> {
  const known = new WeakMap<object, number>();
  const sizeOf = (metadata: LogRecord['metadata']): number => {
    if (metadata === undefined) return 0;
    const length = known.get(metadata) ?? JSON.stringify(metadata).length;
    known.set(metadata, length);
    return length;
  };
  let part: LogRecord[] = [];
  let size = 0;
  for await (const batch of batches) {
    for (const record of batch) {
      part.push(record);
      size += record.text.length + perRecord + sizeOf(record.metadata);
      if (size < partSize) continue;
      yield part;
      part = [];
      size = 0;
    }
    if (part.length > 0) yield part;
    part = [];
    size = 0;
  }
}
