import type { Clock } from '../model/ports.ts';
import { isAlive, type ProcStat, type Scan, statOf } from './proc.ts';

/** Sends a signal to a process group; false if no process is left in it. */
export function signalGroup(group: number, signal: number): boolean {
  return send(-group, signal);
}

/** Kills one process, if the pid is still the one that was seen. */
function killSeen(seen: ProcStat): void {
  if (seen.pid !== process.pid && statOf(seen.pid)?.startTime === seen.startTime) send(seen.pid, 9);
}

/** What is left of one started program: its process group, and whatever carries its lease. */
export interface Tree {
  /** Process group, of the same number as the program's pid; null once it was seen empty, for then the number can be given to others. */
  group: number | null;
  readonly lease: string;
}

/** Kills a tree until a look at all processes finds nothing of it. Processes that scrubbed their environment and left the group escape. */
export async function endTree(tree: Tree, scan: Scan, clock: Clock): Promise<void> {
  await killUntilGone(clock, async () => {
    if (tree.group !== null && !signalGroup(tree.group, 9)) tree.group = null;
    return (await scan()).filter((seen) => isAlive(seen) && (seen.lease === tree.lease || seen.group === tree.group));
  });
}

const longestPauseMs = 50;

/** Kills what `find` finds until it finds nothing, or `giveUpMs` are over; returns what is still there. */
export async function killUntilGone(
  clock: Clock,
  find: () => Promise<ProcStat[]>,
  giveUpMs = Number.POSITIVE_INFINITY,
): Promise<ProcStat[]> {
  const end = clock.now() + giveUpMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const left = await find();
    if (left.length === 0 || clock.now() >= end) return left;
    for (const seen of left) killSeen(seen);
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

/** False if there is nobody to send to. One that belongs to another user counts as there, though out of reach. */
function send(target: number, signal: number): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
