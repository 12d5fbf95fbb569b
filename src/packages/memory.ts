import { readFile } from 'node:fs/promises';
import type { Ended, Launched, LaunchHooks } from '../model/driver.ts';
import type { Clock, Timer } from '../model/ports.ts';
import { formatSize } from '../model/units.ts';

const everyMs = 15_000; // a leak grows for hours; what takes too much at once is for `cgroup.memoryMax`

/** Ends a program that takes more memory than its package allows; it is started again whatever its policy says. */
export function boundMemory(
  launched: Launched,
  hooks: Pick<LaunchHooks, 'finalizing'>,
  most: number,
  clock: Clock,
  residentBytes = residentBytesOf,
): Launched {
  let exceeded: string | null = null;
  let timer: Timer | null = clock.after(everyMs, look);
  return { ...launched, ended: launched.ended.then(told) };

  function look(): void {
    const pid = launched.pid();
    const looked = pid === null ? Promise.resolve(null) : residentBytes(pid);
    void looked.then((bytes) => {
      if (timer === null) return;
      if (bytes === null || bytes <= most) {
        timer = clock.after(everyMs, look);
        return;
      }
      timer = null;
      exceeded = `took ${formatSize(bytes)} of memory, more than max_memory_restart ${formatSize(most)}`;
      // What bounds a stop bounds this one, too.
      hooks.finalizing();
      launched.stop();
    });
  }

  function told(ended: Ended): Ended {
    timer?.cancel();
    timer = null;
    return exceeded === null ? ended : { ...ended, error: { message: exceeded }, reason: exceeded, fault: 'unknown' };
  }
}

const pageBytes = 4096;

export async function residentBytesOf(pid: number): Promise<number | null> {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  const pages = Number(statm.split(' ')[1]);
  return Number.isFinite(pages) && statm !== '' ? pages * pageBytes : null;
}
