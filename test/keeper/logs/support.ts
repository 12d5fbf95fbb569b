import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogs } from '../../../src/keeper/logs/logs.ts';
import { openReader } from '../../../src/keeper/logs/reader.ts';
import type { MaskInParts } from '../../../src/keeper/logs/records.ts';
import type { LogSettings } from '../../../src/keeper/logs/writer.ts';
import type { LogRecord } from '../../../src/model/documents.ts';
import type { Clock } from '../../../src/model/ports.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { clock as realClock, silent, tempDir } from '../support/keeper.ts';

/** Logs in a folder of their own, with a clock that stands until it is told to go on. */
export async function logs(settings: LogSettings = { maxSize: 10_000, keep: 3 }) {
  const dir = join(await tempDir(), 'log');
  const clock = createFakeClock();
  const it = createLogs({ dir, clock, log: silent });
  return { dir, clock, logs: it, writer: it.open('web', settings) };
}

/** What is removed while it looks does not count. */
export async function sizes(dir: string): Promise<Record<string, number>> {
  const names = (await readdir(dir)).sort();
  const size = (name: string) =>
    stat(join(dir, name)).then(
      (found) => [[name, found.size] as const],
      () => [],
    );
  return Object.fromEntries((await Promise.all(names.map(size))).flat());
}

/** All records that there are, or the last ones. */
export async function readLogs(
  dir: string,
  name: string,
  options: { lines?: number; after?: number; inParts?: MaskInParts } = {},
): Promise<LogRecord[]> {
  const reader = await openReader(dir, name, { clock: realClock, follow: false, ...options });
  const records: LogRecord[] = [];
  for await (const batch of reader.past()) records.push(...batch);
  await reader.close();
  return records;
}

/** What there is, or the last of it, then what comes. */
export async function* followLogs(
  dir: string,
  name: string,
  signal: AbortSignal,
  options: { lines?: number | undefined; clock?: Clock; inParts?: MaskInParts } = {},
): AsyncGenerator<LogRecord[]> {
  const reader = await openReader(dir, name, { clock: realClock, follow: true, ...options });
  try {
    yield* reader.past();
    yield* reader.following(signal);
  } finally {
    await reader.close();
  }
}

export const bytes = (text: string) => Buffer.from(text);
