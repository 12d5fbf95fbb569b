import { fromWire, MusterError } from '../model/error.ts';
import type { Child, Held, Keeper, KeeperTrouble, Lease, LeaseLog, SpawnSpec } from '../model/keeper.ts';
import type { Log } from '../model/ports.ts';
import { stillRuns } from './adopted.ts';
import { endLeftCgroups } from './cgroup/contain.ts';
import { takeLastWords } from './last-words.ts';
import { bootId, createScan } from './proc.ts';
import type { Found, Order, Report } from './protocol.ts';
import { createAttachment } from './remote/attachment.ts';
import { createHeirlooms } from './remote/heirlooms.ts';
import type { LinkOptions } from './remote/link.ts';
import { createWard, type Ward, type WardPorts } from './remote/ward.ts';
import { sweepLeases } from './sweep.ts';

export interface RemoteKeeperOptions extends LinkOptions {
  readonly leases: LeaseLog;
  readonly log: Log;
  /** Where the pipes for output are. */
  readonly fifoDir: string;
  /** A new id for the lease of the keeper itself. */
  readonly newId: () => string;
}

export interface RemoteKeeper extends Keeper {
  /** `handed`: what another daemon has just handed over. */
  sweep(leases: readonly Lease[], handed?: readonly Held[]): Promise<string[]>;
  /** Something will be started soon: the keeper may start meanwhile. */
  prepare(): void;
  /** Stops what earlier daemons left to this one and nobody has taken over. */
  dropKept(): Promise<void>;
  /** Leaves everything to the next daemon as it is; it has `settled` to call. To be called when all children have been left. */
  handOver(): Promise<readonly Held[]>;
  /** This daemon goes on with what another one has handed over. */
  settled(): void;
  /** Resolves when the keeper process answers, or there is none. */
  answers(): Promise<void>;
  /** What is wrong with the keeper process; null: nothing. */
  trouble(): KeeperTrouble | null;
}

/** A command that the keeper was told to start. */
interface Starting {
  readonly spec: SpawnSpec;
  readonly order: Order;
  resolve(ward: Ward): void;
  reject(error: unknown): void;
}

/** The daemon's side of the keeper process (`process/main.ts`), which is the parent of all commands. */
export function createRemoteKeeper(options: RemoteKeeperOptions): RemoteKeeper {
  const { leases, log, clock, fifoDir, owner } = options;
  const wards = new Map<string, Ward>();
  const starting = new Map<string, Starting>();
  const underWay = new Set<Promise<unknown>>();
  const boot = bootId();
  const limiting = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  /** What a keeper says of programs before they are inherited. */
  const early: Report[] = [];
  let sweeping = false;
  let calls = 0;
  let disposed = false;

  const attachment = createAttachment({
    ...options,
    receive,
    needed: () => wards.size > 0 || starting.size > 0,
    inCare: () => [...wards.values()].map(({ held }) => held),
    replaced,
    failed,
    async end(lease) {
      await end([lease], leases);
    },
  });
  const ports: WardPorts = {
    fifoDir,
    clock,
    log,
    send: attachment.send,
    limit(id, cgroup) {
      const call = ++calls;
      const done = new Promise<void>((resolve, reject) => limiting.set(call, { resolve, reject }));
      attachment.send({ type: 'limit', id, call, ...(cgroup === undefined ? {} : { cgroup }) });
      return done;
    },
    changed: (held) => leases.started(leaseOf(held)),
    over(id) {
      wards.delete(id);
      leases.ended(id);
    },
  };
  const heirlooms = createHeirlooms();

  return {
    spawn(spec) {
      const started = begin(spec);
      const settled = started.catch(() => {}).finally(() => underWay.delete(settled));
      underWay.add(settled);
      return started;
    },
    async sweep(left, handed = []) {
      sweeping = true;
      try {
        return await sweep(left, handed);
      } finally {
        sweeping = false;
        for (const message of early.splice(0)) receive(message);
      }
    },
    // Whoever needs it hears why it cannot be started.
    prepare: () => void (disposed || attachment.ready().catch(() => {})),
    hasKept: heirlooms.has,
    inherit(lease, receiver) {
      const ward = heirlooms.claim(lease);
      ward?.attend(receiver);
      return ward?.child ?? null;
    },
    async handOver() {
      const held = [...wards.values()].map((ward) => ward.held);
      await heirlooms.leave();
      await attachment.handOver();
      return held;
    },
    settled() {
      attachment.send({ type: 'settled' });
    },
    answers: attachment.answers,
    trouble: attachment.trouble,
    dropKept: heirlooms.drop,
    async dispose() {
      disposed = true;
      await Promise.all(underWay);
      const leaves = [...wards.values()].some(({ left }) => left);
      await (leaves ? heirlooms.leave() : heirlooms.drop());
      await Promise.all([...wards.values()].flatMap(({ left, child }) => (left ? [] : [child.killTree()])));
      await (leaves ? attachment.leave() : attachment.close());
    },
  };

  async function sweep(left: readonly Lease[], handed: readonly Held[]): Promise<string[]> {
    const ours = new Set(handed.map(({ id }) => id));
    const before = left.flatMap(({ held }) => (held?.kept != null && !ours.has(held.id) ? [held] : []));
    const kept = [...handed, ...before].filter(stillRuns);
    const hello = await attachment.find(kept);
    // A daemon that died while it handed over what runs has told the keeper to leave all of that as it is.
    const going = hello === null ? kept : hello.found.flatMap(({ held }) => (held.kept !== null || ours.has(held.id) ? [held] : []));
    const spared = new Set([...(hello === null ? [] : [hello.lease]), ...going.map(({ id }) => id)]);
    const sparedCgroups = new Set(going.flatMap(({ cgroup }) => (cgroup === null ? [] : [cgroup])));
    const ended = await sweepLeases(left, { leases, clock, log, scan: createScan(), owner, spared, sparedCgroups });
    await endLeftCgroups(owner, sparedCgroups, clock);
    const found = hello ?? (kept.length > 0 ? await attachment.start(kept) : null);
    for (const one of found?.found ?? []) inherit(one);
    for (const one of takeLastWords(options.stateDir)) inherit(one).gone();
    return ended;
  }

  async function begin(spec: SpawnSpec): Promise<Child> {
    refuseIfDisposed();
    // What is run beforehand has a name of its own, or runs beside who has that name.
    const heirloom = spec.beforehand ? null : await heirlooms.take(spec.name, spec.digest ?? null);
    if (heirloom !== null) {
      heirloom.attend(spec);
      return heirloom.child;
    }
    const lease = { id: spec.lease, name: spec.name, pid: null, startTime: null, bootId: boot };
    await leases.begin(lease);
    try {
      await attachment.ready();
      refuseIfDisposed();
      const { held, child } = await ordered(spec);
      leases.started(leaseOf(held));
      return child;
    } catch (error) {
      leases.ended(spec.lease);
      throw error;
    }
  }

  function ordered(spec: SpawnSpec): Promise<Ward> {
    const { onOutput, onNotice, ...order } = spec;
    return new Promise<Ward>((resolve, reject) => {
      starting.set(spec.lease, { spec, order, resolve, reject });
      attachment.send({ type: 'spawn', order });
    }).finally(() => starting.delete(spec.lease));
  }

  /** What comes next may be about it. */
  function spawned(held: Held): void {
    const { spec, resolve } = starting.get(held.id) ?? {};
    if (spec === undefined) return;
    const ward = createWard(held, false, ports);
    wards.set(held.id, ward);
    ward.attend(spec);
    resolve?.(ward);
  }

  function receive(message: Report): void {
    if (sweeping) {
      early.push(message);
      return;
    }
    switch (message.type) {
      case 'spawned':
        spawned(message.held);
        break;
      case 'failed':
        starting.get(message.id)?.reject(fromWire(message.error));
        break;
      case 'exited':
        wards.get(message.id)?.exited(message.exit);
        break;
      case 'gone':
        wards.get(message.id)?.gone();
        break;
      case 'limited': {
        const call = limiting.get(message.call);
        limiting.delete(message.call);
        if (message.error === null) call?.resolve();
        else call?.reject(fromWire(message.error));
        break;
      }
      case 'log':
        log[message.level](message.fields, message.message);
        break;
      default:
        message satisfies never;
    }
  }

  /** A start that was not answered may have happened: what there is of it is ended before it is tried again. */
  async function replaced(): Promise<void> {
    for (const ward of wards.values()) ward.repeat();
    for (const { reject } of limiting.values()) reject(new MusterError('EHOSTUNREACH', 'the keeper was lost; try again'));
    limiting.clear();
    const unanswered = [...starting.values()];
    const begun = unanswered.map(({ order: { lease, name } }) => ({ id: lease, name, pid: null, startTime: null, bootId: null }));
    await end(begun, { ...leases, ended() {} });
    for (const { order } of unanswered) attachment.send({ type: 'spawn', order });
  }

  function failed(error: MusterError): void {
    for (const { reject } of [...starting.values(), ...limiting.values()]) reject(error);
    limiting.clear();
    if (disposed) void endWithoutKeeper();
  }

  async function endWithoutKeeper(): Promise<void> {
    const left = [...wards.values()];
    await end(
      left.map(({ held }) => leaseOf(held)),
      leases,
    );
    for (const ward of left) {
      ward.exited({ code: null, signal: null });
      ward.gone();
    }
  }

  async function end(left: readonly Lease[], journal: LeaseLog): Promise<void> {
    if (left.length > 0) await sweepLeases(left, { leases: journal, clock, log, scan: createScan(), owner: null });
  }

  /** What runs since before this daemon did. */
  function inherit({ held, exit }: Found): Ward {
    const ward = createWard(held, true, ports);
    wards.set(held.id, ward);
    heirlooms.add(ward);
    if (exit !== null) ward.exited(exit);
    return ward;
  }

  function refuseIfDisposed(): void {
    if (disposed) throw new MusterError('ECANCELED', 'the daemon is ending and starts no more processes');
  }
}

function leaseOf(held: Held): Lease {
  const { id, name, pid, startTime, bootId: boot, cgroup, kept } = held;
  return { id, name, pid, startTime, bootId: boot, ...(cgroup === null ? {} : { cgroup }), ...(kept === null ? {} : { held }) };
}
