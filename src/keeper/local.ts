import { MusterError } from '../model/error.ts';
import type { Child, Held, Keeper, LeaseLog, SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { adoptChild } from './adopted.ts';
import { startChild } from './child.ts';
import { type ExecutorFor, executorHere } from './execute.ts';
import { preflight } from './preflight.ts';
import { bootId, createScan } from './proc.ts';
import { type OpenStdio, openPipes } from './stdio.ts';
import { sweepLeases } from './sweep.ts';

export interface KeeperOptions {
  readonly leases: LeaseLog;
  readonly clock: Clock;
  readonly log: Log;
  /** What the ids of all leases of this daemon begin with. */
  readonly owner: string;
  /** Without it output is read here. */
  readonly openStdio?: OpenStdio;
  readonly executorFor?: ExecutorFor;
}

/** A keeper that can take on what another one started. */
export type LocalKeeper = Keeper & { adopt(held: Held, drain: () => Promise<void>): Child };

/** The keeper as such: inside the keeper process, and where there is none. */
export function createKeeper(options: KeeperOptions): LocalKeeper {
  const { leases, clock, log, owner, openStdio = openPipes, executorFor = async () => executorHere } = options;
  /** Children that have not been reaped: as long as one is here, nobody else can have its pid. */
  const living = new Set<number>();
  const scan = createScan((pid) => living.has(pid));
  const boot = bootId();
  const children = new Set<Child>();
  const starting = new Set<Promise<unknown>>();
  let disposed = false;

  return {
    spawn(spec) {
      const started = begin(spec);
      const settled = started.catch(() => {}).finally(() => starting.delete(settled));
      starting.add(settled);
      return started;
    },
    adopt: (held, drain) => tracked(adoptChild(held, drain, { clock, scan }), held.id),
    sweep: (left) => sweepLeases(left, { leases, clock, log, scan: createScan(), owner }),
    async dispose() {
      disposed = true;
      await Promise.all(starting);
      await Promise.all([...children].map((child) => child.killTree()));
    },
  };

  async function begin(spec: SpawnSpec): Promise<Child> {
    refuseIfDisposed();
    const file = await preflight(spec);
    const lease = { id: spec.lease, name: spec.name, pid: null, startTime: null, bootId: boot };
    await leases.begin(lease);
    try {
      refuseIfDisposed();
      const { child, startTime } = await startChild(spec, file, { clock, log, scan, openStdio, executorFor });
      const own = tracked(child, spec.lease);
      const { pid, cgroup } = own;
      leases.started({ ...lease, pid, startTime, ...(cgroup === null ? {} : { cgroup }) });
      return own;
    } catch (error) {
      leases.ended(spec.lease);
      throw error;
    }
  }

  /** The lease ends with the tree, whoever asks for its end. */
  function tracked(child: Child, lease: string): Child {
    let killing: Promise<void> | null = null;
    living.add(child.pid);
    void child.exited.then(() => living.delete(child.pid));
    const own: Child = {
      ...child,
      killTree() {
        killing ??= child.killTree().then(() => {
          children.delete(own);
          leases.ended(lease);
        });
        return killing;
      },
    };
    children.add(own);
    return own;
  }

  function refuseIfDisposed(): void {
    if (disposed) throw new MusterError('ECANCELED', 'the daemon is ending and starts no more processes');
  }
}
