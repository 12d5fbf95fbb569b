import type { Notification } from '../model/notify.ts';
import type { AppendFile, Disk, Log } from '../model/ports.ts';
import { nothingTold, type Told } from './decide.ts';

const outboxFile = 'outbox';
const leastCompacted = 2 ** 20;
/** Of one receiver. */
const mostWaiting = 1000;

/** A line of the file. Folding one twice gives what folding it once gives. */
type OutboxRecord =
  | { readonly type: 'told'; readonly told: Told }
  /** Receivers are known by a digest of what they are. */
  | { readonly type: 'queued'; readonly to: readonly string[]; readonly notification: Notification }
  | { readonly type: 'done'; readonly to: string; readonly id: string }
  | { readonly type: 'receivers'; readonly sealed: string };

/** Notifications on their way, durable from before the first attempt until the receiver has taken them. */
export interface Outbox {
  readonly told: Told;
  /** The receivers that were known last, sealed; null: none. */
  readonly sealed: string | null;
  /** Of one receiver, oldest first. */
  waiting(to: string): readonly Notification[];
  /** Returns how many were dropped for want of room, by receiver. */
  queue(told: Told, notifications: readonly { to: readonly string[]; notification: Notification }[]): Promise<ReadonlyMap<string, number>>;
  done(to: string, id: string): Promise<void>;
  /** Nobody but these is told any more; what waits for others goes to their successors. */
  keepOnly(receivers: readonly string[], sealed: string, successors?: ReadonlyMap<string, string>): Promise<void>;
  close(): Promise<void>;
}

export async function openOutbox({ disk, log }: { disk: Disk; log: Log }): Promise<Outbox> {
  let told: Told = nothingTold;
  let sealed: string | null = null;
  const queues = new Map<string, Notification[]>();
  /** An attempt that was under way may end after its receiver was replaced. */
  let heirs: ReadonlyMap<string, string> = new Map();
  let file: AppendFile | null = null;
  /** The file is not what is known here: it is written anew. */
  let isStale = false;
  let limit = leastCompacted;
  let turn: Promise<void> = Promise.resolve();

  const text = Buffer.from((await disk.read(outboxFile)) ?? []).toString();
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) if (line !== '') foldLine(line);
  if (text !== '' && !text.endsWith('\n')) isStale = true;

  function foldLine(line: string): void {
    try {
      fold(JSON.parse(line) as OutboxRecord);
    } catch {
      isStale = true;
    }
  }

  function fold(record: OutboxRecord): void {
    switch (record.type) {
      case 'told':
        told = record.told;
        break;
      case 'queued':
        for (const to of record.to) {
          const queue = queues.get(to) ?? [];
          queues.set(to, queue);
          if (!queue.some(({ id }) => id === record.notification.id)) queue.push(record.notification);
        }
        break;
      case 'done':
        queues.set(
          record.to,
          (queues.get(record.to) ?? []).filter(({ id }) => id !== record.id),
        );
        break;
      case 'receivers':
        sealed = record.sealed;
        break;
      default:
        record satisfies never;
    }
  }

  function write(records: readonly OutboxRecord[]): Promise<void> {
    for (const record of records) fold(record);
    turn = turn.then(() => commit(records));
    return turn;
  }

  /** What the disk does not take is known here as long as the daemon lives, and is written with the next. */
  async function commit(records: readonly OutboxRecord[]): Promise<void> {
    try {
      if (isStale || (file !== null && file.size() > limit)) return await compact();
      file ??= await disk.openAppend(outboxFile);
      await file.append(linesOf(records));
      await file.sync();
    } catch (error) {
      isStale = true;
      log.warn({ err: error }, 'what is to be told cannot be kept on disk for now');
    }
  }

  async function compact(): Promise<void> {
    await file?.close().catch(() => {});
    file = null;
    const content = linesOf(everything());
    await disk.replace(outboxFile, content);
    limit = Math.max(leastCompacted, 2 * Buffer.byteLength(content));
    isStale = false;
  }

  function everything(): OutboxRecord[] {
    const byId = new Map<string, { notification: Notification; to: string[] }>();
    for (const [to, queue] of queues) {
      for (const notification of queue) {
        const known = byId.get(notification.id) ?? { notification, to: [] };
        byId.set(notification.id, known);
        known.to.push(to);
      }
    }
    const queued = [...byId.values()].map(({ notification, to }): OutboxRecord => ({ type: 'queued', to, notification }));
    return [...(sealed === null ? [] : [{ type: 'receivers' as const, sealed }]), { type: 'told', told }, ...queued];
  }

  return {
    get told() {
      return told;
    },
    get sealed() {
      return sealed;
    },
    waiting: (to) => queues.get(to) ?? [],
    async queue(now, notifications) {
      const dropped = new Map<string, number>();
      const tooOld: OutboxRecord[] = [];
      const records: OutboxRecord[] = [{ type: 'told', told: now }];
      for (const { to, notification } of notifications) records.push({ type: 'queued', to, notification });
      for (const to of new Set(notifications.flatMap((each) => each.to))) {
        const more = notifications.filter((each) => each.to.includes(to)).length;
        const oldest = (queues.get(to) ?? []).slice(0, Math.max(0, (queues.get(to)?.length ?? 0) + more - mostWaiting));
        if (oldest.length > 0) dropped.set(to, oldest.length);
        for (const { id } of oldest) tooOld.push({ type: 'done', to, id });
      }
      await write([...tooOld, ...records]);
      return dropped;
    },
    done: (to, id) => write([{ type: 'done', to: (queues.has(to) ? undefined : heirs.get(to)) ?? to, id }]),
    async keepOnly(receivers, next, successors = new Map()) {
      const isSame = sealed === next && [...queues.keys()].every((to) => receivers.includes(to));
      if (isSame) return;
      heirs = new Map([...[...heirs].map(([from, to]) => [from, successors.get(to) ?? to] as const), ...successors]);
      for (const [from, to] of successors) {
        const waiting = [...(queues.get(from) ?? []), ...(queues.get(to) ?? [])];
        queues.set(to, waiting);
      }
      for (const to of queues.keys()) if (!receivers.includes(to)) queues.delete(to);
      isStale = true;
      await write([{ type: 'receivers', sealed: next }]);
    },
    async close() {
      await turn;
      await file?.close().catch(() => {});
      file = null;
    },
  };
}

function linesOf(records: readonly OutboxRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
