import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** What /proc/PID/stat says of a process, as far as the keeper asks. */
export interface ProcStat {
  readonly pid: number;
  /** One letter; `Z` and `X` are dead already. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Field 22: ticks since boot. With pid and boot id it names a process for ever. */
  readonly startTime: string;
  /** More than one of a zombie: its first thread has ended, the others live on. */
  readonly threads: number;
  /** It is on its way out, or was just killed. */
  readonly isDying: boolean;
  /** Field 52, as `wait` would give it; set before the files of a dying process are closed. 0 as well where we may not see it. */
  readonly exitStatus: number;
}

export interface Seen extends ProcStat {
  /** MUSTER_LEASE of its environment; null where there is none or it cannot be read. */
  readonly lease: string | null;
}

export type Scan = () => Promise<Seen[]>;

export const leaseVariable = 'MUSTER_LEASE';

/** Null if there is no such process. */
export function statOf(pid: number): ProcStat | null {
  const text = readProc(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(pid, text.toString('latin1'));
}

/** Dead ones that nobody has reaped do not count: where pid 1 does not reap they stay for ever. */
export function isAlive(stat: ProcStat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X';
}

/**
 * True only of what lives: a process that ends gives up its memory first of all. For a tenth of what `statOf` takes; false as well
 * where that is not ours to see.
 */
export function hasMemory(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return true;
  } catch {
    return false;
  }
}

export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/**
 * Reads all of /proc. Whoever asks while a scan runs gets the next one, together with all others that wait: a hundred trees
 * that end at once cost two scans, and nobody gets one that began before he asked. Processes that `isKnown` are passed over: our own
 * children that live are most of what there is on a machine with many modules, and nothing that a tree leaves behind.
 */
export function createScan(isKnown: (pid: number) => boolean = () => false): Scan {
  let running: Promise<Seen[]> | null = null;
  let next: Promise<Seen[]> | null = null;
  return function scan() {
    if (running === null) return begin();
    next ??= running.then(begin, begin);
    return next;
  };

  function begin(): Promise<Seen[]> {
    next = null;
    const mine = scanOnce(isKnown).finally(() => {
      if (running === mine) running = null;
    });
    running = mine;
    return mine;
  }
}

/** Processes read before the event loop gets its turn: about half a millisecond. */
const sliceSize = 24;

/** One look at all processes; see `createScan`. */
export async function scanOnce(isKnown: (pid: number) => boolean): Promise<Seen[]> {
  const seen: Seen[] = [];
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && !isKnown(pid));
  for (const [index, pid] of pids.entries()) {
    if (index % sliceSize === sliceSize - 1) await setImmediate();
    const stat = statOf(pid);
    if (stat !== null) seen.push({ ...stat, lease: leaseOf(stat) });
  }
  return seen;
}

/** Of the flags in field 9. */
const exiting = 0x4;
/** SIGKILL among the pending signals in field 31: whatever kills a process, that is how its threads are told. */
const killed = 0x100;

function parseStat(pid: number, text: string): ProcStat | null {
  // The second field is the program's name and may hold blanks and parentheses.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const [state, parent, group, session] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return null;
  return {
    pid,
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime,
    threads: Number(fields[17]),
    isDying: (Number(fields[6]) & exiting) !== 0 || (Number(fields[28]) & killed) !== 0,
    exitStatus: Number(fields[49] ?? 0),
  };
}

/** MUSTER_LEASE in the environment of a process; null where there is none or it cannot be read. */
export function leaseOf(stat: ProcStat): string | null {
  // Threads of the kernel have no session and no environment.
  if (stat.session === 0 || !isAlive(stat)) return null;
  const environ = readProc(`/proc/${stat.pid}/environ`);
  if (environ === null) return null;
  const key = `${leaseVariable}=`;
  for (let at = environ.indexOf(key); at !== -1; at = environ.indexOf(key, at + 1)) {
    if (at > 0 && environ[at - 1] !== 0) continue;
    const end = environ.indexOf(0, at);
    return environ.toString('utf8', at + key.length, end === -1 ? environ.length : end);
  }
  return null;
}

// Reading /proc does not wait for a device, and sixteen trips to the thread pool for one process cost far more than the read.
let buffer = Buffer.allocUnsafe(64 * 1024);

/** The content, valid until the next call; null if it is gone or not ours to read. */
function readProc(path: string): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    let length = 0;
    for (;;) {
      if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const count = readSync(fd, buffer, length, buffer.length - length, null);
      if (count === 0) return buffer.subarray(0, length);
      length += count;
    }
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
