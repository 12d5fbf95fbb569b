import { messageOf, toWire } from '../../model/error.ts';
import type { Child, Held, Kept, ProcessExit } from '../../model/keeper.ts';
import type { Clock, Log } from '../../model/ports.ts';
import { stillRuns } from '../adopted.ts';
import type { CapturePorts } from '../command/capture.ts';
import type { ExecutorFor } from '../execute.ts';
import type { FifoPool } from '../fifo-pool.ts';
import { type Fifos, fifoNames, holdFifos, openFifos } from '../fifo-stdio.ts';
import { createKeeper } from '../local.ts';
import type { Found, FromKeeper, Order } from '../protocol.ts';
import type { Sentinel } from './sentinel.ts';
import { takeOutput, type Unattended } from './unattended.ts';

export interface WardsOptions {
  /** What the ids of all leases of this state dir begin with. */
  readonly owner: string;
  readonly pool: FifoPool;
  readonly executorFor: ExecutorFor;
  readonly sentinel: Sentinel;
  readonly clock: Clock;
  readonly log: Log;
  readonly logs: CapturePorts['logs'];
  /** To the daemon, if there is one. */
  tell(message: FromKeeper): void;
  /** There is no daemon, and nothing runs any more: what there would be to tell the next one. */
  deserted(ended: readonly Found[]): void;
}

/** A program in the keeper's care. */
interface Ward {
  held: Held;
  readonly child: Child;
  /** Its pipes are as they were made, and can be used again. */
  readonly ownPipes: boolean;
  exit: ProcessExit | null;
  /** Under way or done: the end of its tree. */
  ending: Promise<void> | null;
  gone: boolean;
  output: Unattended | null;
}

/** What runs, from its start until a daemon has read the last of its output. */
export function createWards({ owner, pool, executorFor, sentinel, clock, log, logs, tell, deserted }: WardsOptions) {
  const wards = new Map<string, Ward>();
  const fifosOf = new Map<string, Fifos>();
  const startTimes = new Map<string, string | null>();
  const starting = new Set<Promise<void>>();
  let attended = false;
  /** What is not kept is on its way out. */
  let forsaking = false;
  const keeper = createKeeper({
    owner,
    executorFor,
    clock,
    log,
    leases: {
      begin: async () => {}, // the daemon has done so
      started: ({ id, startTime, bootId }) => void startTimes.set(id, `${startTime} ${bootId}`),
      ended() {},
    },
    openStdio: (spec) => openFifos(pool.dir, fifosOf.get(spec.lease) as Fifos, spec),
  });

  return {
    spawn(order: Order): void {
      const started = spawn(order).finally(() => starting.delete(started));
      starting.add(started);
    },
    adopt,
    signal(id: string, signal: string): void {
      try {
        wards.get(id)?.child.signal(signal);
      } catch (error) {
        log.warn({ id, signal, error: messageOf(error) }, 'a signal could not be sent');
      }
    },
    killTree: (id: string) => void end(id),
    stop,
    limit,
    keep(id: string, as: Kept | null): void {
      const ward = wards.get(id);
      if (ward === undefined) return;
      ward.held = { ...ward.held, kept: as };
      if (!ward.gone) sentinel.runs(ward.held);
    },
    release,
    found,
    /** The daemon is gone: what is not kept dies at once. */
    async orphaned(): Promise<void> {
      attended = false;
      forsaking = true;
      // Of the end of those that are gone it has heard.
      await forsake(({ held, gone }) => held.kept === null || gone);
      await Promise.all(starting);
      await forsake(({ held }) => held.kept === null);
      forsaking = false;
      lookRound();
    },
    /** A daemon is here, and takes all output. */
    async attended(): Promise<void> {
      attended = true;
      await Promise.all([...wards.values()].map(unattend));
    },
    async dispose(): Promise<void> {
      await keeper.dispose();
      await Promise.all([...wards.keys()].map(end));
    },
  };

  async function spawn(order: Order): Promise<void> {
    const { lease: id, name, mergeStderr, noticeFd, identity, digest = null } = order;
    const count = 1 + (mergeStderr === true ? 0 : 1) + (noticeFd === undefined ? 0 : 1);
    let names: string[] = [];
    try {
      names = await pool.take(count);
      const fifos = fifosFrom(names, order);
      fifosOf.set(id, fifos);
      const child = await keeper.spawn({ ...order, onOutput() {} });
      const [startTime = null, bootId = null] = startTimes.get(id)?.split(' ') ?? [];
      const { pid, containment, cgroup } = child;
      const held: Held = {
        ...{ id, name, pid, startTime, bootId, containment, cgroup, fifos, digest },
        limits: order.cgroup,
        startedAt: child.startedAt,
        kept: null,
      };
      watch(held, child, identity?.uid == null && identity?.gid == null);
      tell({ type: 'spawned', id, held });
    } catch (error) {
      pool.drop(names);
      tell({ type: 'failed', id, error: toWire(error) });
    } finally {
      fifosOf.delete(id);
      startTimes.delete(id);
    }
  }

  async function forsake(isDoomed: (ward: Ward) => boolean): Promise<void> {
    const doomed = [...wards].filter(([, ward]) => isDoomed(ward)).map(([id]) => id);
    for (const [id, ward] of wards) {
      if (doomed.includes(id) || ward.gone) continue;
      attend(ward);
      if (ward.exit !== null) void end(id);
    }
    await Promise.all(doomed.map(end));
    for (const id of doomed) release(id, false);
  }

  /** Of a keeper that is no more. */
  function adopt(held: Held): void {
    if (wards.has(held.id)) return;
    const hold = holdOrNull(pool.dir, held, log);
    watch(
      held,
      keeper.adopt(held, async () => hold?.close()),
      false,
    );
    if (!stillRuns(held)) log.warn({ name: held.name, pid: held.pid }, 'a program has ended while no keeper was there');
  }

  function watch(held: Held, child: Child, ownPipes: boolean): void {
    const ward: Ward = { held, child, ownPipes, exit: null, ending: null, gone: false, output: null };
    wards.set(held.id, ward);
    sentinel.runs(held);
    void child.exited.then((exit) => {
      ward.exit = exit;
      tell({ type: 'exited', id: held.id, exit });
      if (!attended) void end(held.id);
    });
  }

  /** Idempotent; whoever asks later is told again. */
  async function end(id: string): Promise<void> {
    const ward = wards.get(id);
    if (ward === undefined) return;
    ward.ending ??= ward.child.killTree();
    await ward.ending;
    ward.gone = true;
    sentinel.gone(ward.held);
    await ward.output?.finish();
    tell({ type: 'gone', id });
    lookRound();
  }

  function found(): Found[] {
    return [...wards.values()].map(({ held, exit }) => ({ held, exit }));
  }

  function lookRound(): void {
    if (!attended && !forsaking && starting.size === 0 && [...wards.values()].every(({ gone }) => gone)) deserted(found());
  }

  async function stop(id: string): Promise<void> {
    const ward = wards.get(id);
    if (ward === undefined) return;
    attend(ward);
    const { stopSignal, stopTimeout } = ward.held.kept ?? { stopSignal: 'SIGTERM', stopTimeout: 0 };
    if (ward.exit === null) {
      ward.child.signal(stopSignal);
      await Promise.race([ward.child.exited, new Promise<void>((resolve) => clock.after(stopTimeout, resolve))]);
    }
    await end(id);
  }

  function limit(id: string, call: number, cgroup: Parameters<Child['limit']>[0]): void {
    const ward = wards.get(id);
    const done = ward?.child.limit(cgroup) ?? Promise.resolve();
    done.then(
      () => {
        if (ward !== undefined) ward.held = { ...ward.held, limits: cgroup };
        tell({ type: 'limited', call, error: null });
      },
      (error: unknown) => tell({ type: 'limited', call, error: toWire(error) }),
    );
  }

  function release(id: string, clean: boolean): void {
    const ward = wards.get(id);
    if (ward === undefined || !ward.gone) return;
    wards.delete(id);
    const names = fifoNames(ward.held.fifos);
    if (clean && ward.ownPipes) pool.give(names);
    else pool.drop(names);
  }

  function attend(ward: Ward): void {
    ward.output ??= takeOutput(pool.dir, ward.held, { logs, clock, log });
  }

  async function unattend(ward: Ward): Promise<void> {
    const { output } = ward;
    ward.output = null;
    await output?.stop();
  }
}

export type Wards = ReturnType<typeof createWards>;

function fifosFrom(names: readonly string[], { mergeStderr, noticeFd }: Order): Fifos {
  const rest = [...names];
  const next = (): string => rest.shift() as string;
  return {
    stdout: next(),
    ...(mergeStderr === true ? {} : { stderr: next() }),
    ...(noticeFd === undefined ? {} : { notice: next() }),
  };
}

/** Without them the program may be told that nobody reads what it writes; that is no reason to lose it. */
function holdOrNull(dir: string, { fifos, name }: Held, log: Log): { close(): void } | null {
  try {
    return holdFifos(dir, fifos);
  } catch (error) {
    log.warn({ name, err: String(error) }, 'the output of a program cannot be held any more');
    return null;
  }
}
