import { type Audit, type AuditLine, type AuditTrouble, auditFile, auditFilesKept as keep } from '../model/audit.ts';
import type { AppendFile, Clock, Disk, Log, Timer } from '../model/ports.ts';
import { diskError } from './disk-error.ts';

/** Of one file; `keep` older ones stay, and the oldest goes for a new one. */
const mostBytes = 8 * 2 ** 20;
/** Lines that wait for a disk that takes none. */
const mostWaiting = 1000;
const retryMs = 5000;

export interface AuditOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly fileBytes?: number;
}

export interface AuditFile extends Audit {
  /** What is durable is there for good; what the disk did not take is lost. */
  close(): Promise<void>;
}

/**
 * Lines of JSON, only ever appended. A disk that takes none keeps nobody from an answer: what changes is in the journal, on the same
 * disk, which refuses it first. Lines wait, and are written once there is room.
 */
export async function openAudit({ disk, clock, log, fileBytes = mostBytes }: AuditOptions): Promise<AuditFile> {
  const tail = await tailOf(disk);
  let { seq, durable } = tail;
  let file: AppendFile | null = null;
  let waiting: AuditLine[] = [];
  let running: Promise<void> | null = null;
  let retry: Timer | null = null;
  let trouble: Omit<AuditTrouble, 'waiting' | 'lost'> | null = null;
  let lost = 0;
  let closed = false;

  function drain(): Promise<void> {
    running ??= (async () => {
      await null; // lines of the same turn are synced together
      while (waiting.length > 0 && (await write(waiting))) {}
    })().finally(() => (running = null));
    return running;
  }

  async function write(lines: readonly AuditLine[]): Promise<boolean> {
    try {
      if (file === null) {
        // What a failed write left behind is nobody's.
        if (durable !== null) await disk.truncate(auditFile, durable);
        file = await disk.openAppend(auditFile);
        durable = file.size();
      }
      await file.append(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await file.sync();
      durable = file.size();
      waiting = waiting.slice(lines.length);
      trouble = null;
      if (durable > fileBytes) await rotate();
      return true;
    } catch (error) {
      const { code, message } = diskError(error, `cannot write to ${auditFile}`);
      if (trouble === null) log.error({ err: error }, 'the audit log could not be written');
      trouble = { code, message };
      await file?.close().catch(() => {});
      file = null;
      if (!closed) retry ??= clock.after(retryMs, again);
      return false;
    }
  }

  function again(): void {
    retry = null;
    void drain();
  }

  async function rotate(): Promise<void> {
    await file?.close();
    file = null;
    durable = null;
    for (let age = keep - 1; age >= 1; age -= 1) await moved(`${auditFile}.${age}`, `${auditFile}.${age + 1}`);
    await moved(auditFile, `${auditFile}.1`);
  }

  async function moved(from: string, to: string): Promise<void> {
    await disk.rename(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  return {
    async append(line) {
      seq += 1;
      waiting.push({ seq, ...line });
      if (waiting.length > mostWaiting) {
        lost += 1;
        waiting.shift();
      }
      // Nobody waits for a disk that has just refused.
      if (trouble === null) await drain();
    },
    lastSerial: tail.serial,
    get trouble() {
      return trouble === null && lost === 0 ? null : { ...(trouble ?? gap), waiting: waiting.length, lost };
    },
    async close() {
      closed = true;
      retry?.cancel();
      await drain();
      await file?.close().catch(() => {});
      if (waiting.length > 0) log.error({ lines: waiting.length }, 'lines of the audit log could not be written and are lost');
    },
  };
}

const gap = { code: 'EIO', message: 'lines are missing: their numbers tell which' };

/** The number of the last line, and how far the file is whole. */
async function tailOf(disk: Disk): Promise<{ seq: number; serial: number; durable: number | null }> {
  for (const path of [auditFile, `${auditFile}.1`]) {
    const bytes = await disk.read(path);
    if (bytes === null || bytes.length === 0) continue;
    const end = bytes.lastIndexOf(10) + 1;
    const start = end < 2 ? 0 : bytes.lastIndexOf(10, end - 2) + 1;
    return { ...numbersIn(Buffer.from(bytes.subarray(start, end)).toString()), durable: path === auditFile ? end : null };
  }
  return { seq: 0, serial: 0, durable: null };
}

function numbersIn(line: string): { seq: number; serial: number } {
  try {
    const { seq, serial } = JSON.parse(line) as Partial<AuditLine>;
    return { seq: typeof seq === 'number' ? seq : 0, serial: typeof serial === 'number' ? serial : 0 };
  } catch {
    return { seq: 0, serial: 0 };
  }
}
