import type { MusterError } from '../model/error.ts';
import type { AppendFile, Disk, Log } from '../model/ports.ts';
import { diskError } from './disk-error.ts';
import { encodeLine } from './line.ts';
import { fold, type JournalRecord, type StoreState } from './records.ts';
import { journalFile, type Recovered, snapshotFile } from './recover.ts';
import { encodeSnapshot } from './snapshot.ts';

/** The journal is folded into a snapshot when it has more of either, and more than the snapshot itself. */
const compactBytes = 256 * 1024;
const compactRecords = 2000;

export interface Journal {
  readonly state: StoreState;
  readonly failure: MusterError | null;
  append(records: readonly JournalRecord[]): Promise<void>;
  appendLater(records: readonly JournalRecord[]): void;
  retryLost(): void;
  close(): Promise<void>;
}

/** Records that are written together; facts have nobody who waits for them. */
interface Entry {
  records: readonly JournalRecord[];
  waiter: { resolve(): void; reject(error: unknown): void } | null;
}

/**
 * Appends with group commit: while one batch is written, the next one gathers. All writing is done by one loop, so that
 * order on disk, order in the state and order of the answers are the same.
 */
export async function openJournal({ disk, log, recovered }: { disk: Disk; log: Log; recovered: Recovered }): Promise<Journal> {
  const { state } = recovered;
  let { seq, records: written } = recovered;
  let file: AppendFile | null = null;
  let queue: Entry[] = [];
  let running: Promise<void> | null = null;
  let closed = false;
  /** Length up to which the file is whole and synced. What stands behind it is facts or, after a failure, rubbish. */
  let durable = 0;
  /** Facts behind that length. */
  let unsynced: JournalRecord[] = [];
  /** Facts that a failed write lost; they go first with the next batch, which is none but of them where nothing else comes. */
  let lost: JournalRecord[] = [];
  let broken = false;
  let failure: MusterError | null = null;
  let limit = { bytes: compactBytes, records: compactRecords };

  await start().catch((error) => Promise.reject(diskError(error, 'cannot open the journal')));

  return {
    state,
    get failure() {
      return failure;
    },
    append(records) {
      if (closed) return Promise.reject(diskError(new Error('the store is closed'), 'cannot write to the journal'));
      return new Promise<void>((resolve, reject) => push({ records, waiter: { resolve, reject } }));
    },
    appendLater(records) {
      if (!closed && records.length > 0) push({ records, waiter: null });
    },
    retryLost,
    async close() {
      retryLost();
      closed = true;
      while (running !== null) await running;
      if (file !== null && unsynced.length > 0)
        await file.sync().catch((error) => log.warn({ err: error }, 'the journal could not be synced'));
      await file?.close();
      file = null;
    },
  };

  function retryLost(): void {
    if (!closed && lost.length > 0) push({ records: [], waiter: null });
  }

  function push(entry: Entry): void {
    queue.push(entry);
    running ??= drain();
  }

  async function drain(): Promise<void> {
    await null; // What is appended in the same turn goes into the same batch.
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      await commit(batch);
    }
    running = null;
  }

  async function commit(batch: Entry[]): Promise<void> {
    const intents = batch.some((entry) => entry.waiter !== null);
    let records: JournalRecord[];
    try {
      if (broken) await repair();
      records = [...lost, ...batch.flatMap((entry) => entry.records)];
      await write(records.map((record) => encodeLine({ seq: ++seq, record })).join(''), intents);
    } catch (error) {
      return refuse(batch, error);
    }
    failure = null;
    lost = [];
    written += records.length;
    if (!intents) unsynced.push(...records);
    for (const record of records) fold(state, record);
    for (const entry of batch) entry.waiter?.resolve();
    if (length() > limit.bytes || written > limit.records) await tryCompact();
  }

  async function write(text: string, sync: boolean): Promise<void> {
    const target = file ?? (await open());
    broken = true; // Until it is known to be whole again.
    if (text !== '') await target.append(text);
    if (sync) {
      await target.sync();
      durable = target.size();
      unsynced = [];
    }
    broken = false;
  }

  /** Nothing of a batch that failed stays in the file; its facts are kept for the next one. */
  async function refuse(batch: Entry[], error: unknown): Promise<void> {
    const refusal = diskError(error, 'cannot write to the journal');
    const isNews = failure === null || batch.some((entry) => entry.waiter !== null);
    if (isNews) log.error({ err: error }, 'the journal could not be written');
    failure = refusal;
    lost.push(...batch.filter((entry) => entry.waiter === null).flatMap((entry) => entry.records));
    await repair().catch((cause) => log.warn({ err: cause }, 'the journal could not be repaired yet'));
    for (const entry of batch) entry.waiter?.reject(refusal);
  }

  /** Cuts off what a failed write left. Facts among it are written again. */
  async function repair(): Promise<void> {
    broken = true;
    await file?.close().catch(() => {}); // The descriptor is gone either way.
    file = null;
    await disk.truncate(journalFile, durable);
    lost = [...unsynced, ...lost];
    unsynced = [];
    await open();
    broken = false;
  }

  /** What was read is made durable before it is believed: the last daemon may have died before its sync. */
  async function start(): Promise<void> {
    const opened = await open();
    durable = opened.size();
    if (recovered.damaged) await compact();
    else if (durable > 0) await opened.sync();
  }

  async function open(): Promise<AppendFile> {
    file = await disk.openAppend(journalFile);
    return file;
  }

  function length(): number {
    return file?.size() ?? durable;
  }

  async function tryCompact(): Promise<void> {
    try {
      await compact();
    } catch (error) {
      log.warn({ err: error }, 'the journal could not be compacted; it is kept as it is');
      limit = { bytes: length() * 2, records: written * 2 };
      if (file === null) broken = true;
    }
  }

  /** A crash between the two steps leaves records that the snapshot has already: their numbers tell. */
  async function compact(): Promise<void> {
    const snapshot = encodeSnapshot(seq, state);
    await disk.replace(snapshotFile, snapshot);
    await file?.close();
    file = null;
    await disk.truncate(journalFile, 0);
    durable = 0;
    written = 0;
    unsynced = [];
    await open();
    const count = state.loaded.size + state.holds.size + state.leases.size;
    limit = { bytes: Math.max(compactBytes, snapshot.length), records: Math.max(compactRecords, count) };
  }
}
