import type { Child, Held, ProcessExit } from '../model/keeper.ts';
import type { Clock } from '../model/ports.ts';
import { heldByCgroup } from './cgroup/contain.ts';
import { type Containment, type ContainmentPorts, containByGroup } from './containment.ts';
import { exitSeen } from './death.ts';
import { bootId, isAlive, statOf } from './proc.ts';
import { signalNumber } from './signals.ts';

/** How soon the end of a process is noticed that is not our child. */
const lookMs = 100;

/** Whether the process of a lease still runs: the same one, not another that got its number. */
export function stillRuns({ pid, startTime, bootId: boot }: Pick<Held, 'startTime' | 'bootId'> & { readonly pid: number | null }): boolean {
  if (pid === null || startTime === null || boot !== bootId()) return false;
  const stat = statOf(pid);
  return stat !== null && stat.startTime === startTime && isAlive(stat);
}

/** Resolves when a process has ended that is nobody's child here. */
export function whenEnded(held: Pick<Held, 'pid' | 'startTime' | 'bootId'>, clock: Clock): Promise<ProcessExit> {
  return new Promise((resolve) => {
    look();
    function look(): void {
      if (stillRuns(held)) clock.after(lookMs, look);
      else resolve(exitOf(held));
    }
  });
}

/** A process that another keeper started. It is nobody's child any more, so how it ends is mostly not to be known. */
export function adoptChild(held: Held, drain: () => Promise<void>, ports: ContainmentPorts): Child {
  const { clock } = ports;
  const contained = containAgain(held, ports);
  let killing: Promise<void> | null = null;
  if (stillRuns(held)) contained.started(held.pid);
  const exited = whenEnded(held, clock).then((exit): ProcessExit => {
    contained.leaderGone();
    return { ...exit, ...(contained.outOfMemory() ? { oom: true } : {}) };
  });
  return {
    pid: held.pid,
    containment: contained.kind,
    cgroup: contained.cgroup,
    startedAt: held.startedAt,
    takenOver: true,
    exited,
    signal: (name) => contained.signal(signalNumber(name)),
    killTree() {
      killing ??= kill();
      return killing;
    },
    limit: async (cgroup) => contained.limit(cgroup),
    keep() {},
  };

  async function kill(): Promise<void> {
    contained.signal(9);
    await exited;
    await contained.end();
    await drain();
  }
}

function containAgain({ id, name, cgroup, limits }: Held, ports: ContainmentPorts): Containment {
  const spec = { lease: id, name, cgroup: limits };
  return cgroup === null ? containByGroup(spec, ports) : heldByCgroup(cgroup, spec, ports);
}

/** Where nobody reaps, as in a container whose first process does not, what is left of it tells. */
function exitOf({ pid, startTime }: Pick<Held, 'pid' | 'startTime'>): ProcessExit {
  const stat = statOf(pid);
  return (stat?.startTime === startTime ? exitSeen(stat) : null) ?? { code: null, signal: null };
}
