import type { Clock } from '../../model/ports.ts';
import { read, write } from './files.ts';
import { isPopulated, pidsOf, removeTree } from './tree.ts';

const longestPauseMs = 50;
/** An empty cgroup that cannot be removed (somebody else has made it a mount point, say) must not keep its module from ending. */
const removalMs = 2000;

/**
 * Kills all that is in a cgroup and below, however often it takes, and removes it; resolves when nothing of it runs, or
 * `giveUpMs` are over.
 */
export async function endCgroup(folder: string, clock: Clock, giveUpMs = Number.POSITIVE_INFINITY): Promise<void> {
  const end = clock.now() + giveUpMs;
  let emptySince: number | null = null;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    killCgroup(folder);
    if (isPopulated(folder)) emptySince = null;
    else {
      if (removeTree(folder)) return;
      emptySince ??= clock.now();
      if (clock.now() - emptySince > removalMs) return;
    }
    if (clock.now() >= end) return;
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
  }
}

/** In one stroke where the kernel can (5.14), so that nothing escapes by forking. */
export function killCgroup(folder: string): void {
  try {
    write(folder, 'cgroup.kill', '1');
  } catch {
    signalCgroup(folder, 9, null);
  }
}

/** Rounds until no new process is found; those that fork meanwhile are frozen. */
const mostRounds = 20;

/** Sends a signal once to each process in a cgroup and below, but to those of one process group, which are told otherwise. */
export function signalCgroup(folder: string, signal: number, butGroup: ((pid: number) => boolean) | null): void {
  const others = (): number[] => pidsOf(folder).filter((pid) => pid !== process.pid && butGroup?.(pid) !== true);
  if (others().length === 0) return;
  const before = read(folder, 'cgroup.freeze') ?? '0';
  freeze(folder, '1');
  const told = new Set<number>();
  for (let round = 0; round < mostRounds; round += 1) {
    const left = others().filter((pid) => !told.has(pid));
    if (left.length === 0) break;
    for (const pid of left) {
      told.add(pid);
      send(pid, signal);
    }
  }
  freeze(folder, before);
}

function freeze(folder: string, value: string): void {
  try {
    write(folder, 'cgroup.freeze', value);
  } catch {
    // Before 5.2: what forks faster than it is told gets away until the end.
  }
}

function send(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
