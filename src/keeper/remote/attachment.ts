import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { MusterError, messageOf } from '../../model/error.ts';
import type { Held, KeeperTrouble, Lease, LeaseLog } from '../../model/keeper.ts';
import type { Log } from '../../model/ports.ts';
import { stillRuns } from '../adopted.ts';
import { bootId, statOf } from '../proc.ts';
import type { Report, ToKeeper } from '../protocol.ts';
import { type Hello, type Link, type LinkOptions, linkTo, startKeeper } from './link.ts';

export interface AttachmentOptions extends LinkOptions {
  /** Where pipes are. */
  readonly fifoDir: string;
  readonly leases: LeaseLog;
  readonly log: Log;
  /** A new id for the lease of the keeper itself. */
  readonly newId: () => string;
  receive(message: Report): void;
  /** What a keeper has to look after that is new. */
  inCare(): readonly Held[];
  /** Whether there is anything to do for a keeper. */
  needed(): boolean;
  /** A keeper was started; resolves when it knows all that a lost one knew. */
  replaced(): Promise<void>;
  /** There can be none. */
  failed(error: MusterError): void;
  /** Ends what runs under the lease. */
  end(lease: Lease): Promise<void>;
}

/** The keeper that works for this daemon: started when it is first needed, and anew when it is lost. */
export interface Attachment {
  /** Resolves when there is one. */
  ready(): Promise<void>;
  /** What is said while another one is being started is said to that one. */
  send(message: ToKeeper): void;
  /** Takes on the keeper of an earlier daemon; null if there is none, or none that answers. */
  find(adopt: readonly Held[]): Promise<Hello | null>;
  /** Starts one, if there is none, to take on these. */
  start(adopt: readonly Held[]): Promise<Hello>;
  /** Ends the keeper, which has nothing to look after any more. */
  close(): Promise<void>;
  /** Leaves the keeper to the next daemon, with what it has to look after. */
  leave(): Promise<void>;
  /** The same; the next daemon comes soon, and until then all stays as it is. */
  handOver(): Promise<void>;
  /** Resolves when the keeper answers, or there is none to answer. */
  answers(): Promise<void>;
  /** Null: there is nothing wrong with it. */
  trouble(): KeeperTrouble | null;
}

const keeperName = 'keeper:commands';
const shortestPauseMs = 100;
const longestPauseMs = 5000;

export function createAttachment(options: AttachmentOptions): Attachment {
  const { leases, log, clock } = options;
  let link: Link | null = null;
  let attaching: Promise<void> | null = null;
  let own: Lease | null = null;
  const waiting: ToKeeper[] = [];
  let closed: (() => void) | null = null;
  /** While they are open, nobody kills what runs because the keeper is gone, nor the keeper because this daemon is (`process/sentinel.ts`). */
  let pulses: readonly number[] = [];
  /** Since when it has not answered, ms since the epoch. */
  let silentSince: number | null = null;

  return {
    ready,
    send(message) {
      if (link === null) waiting.push(message);
      else link.send(message);
    },
    async find(adopt) {
      try {
        const found = await attach(adopt);
        own = leaseOf(found.lease, found.pid);
        return found;
      } catch {
        return null;
      }
    },
    start,
    async close() {
      if (!(await part((keeper) => keeper.send({ type: 'dispose' })))) return;
      beat([]);
      await endOwn();
    },
    async leave() {
      if (await part((keeper) => keeper.close())) beat([]);
    },
    // The pulses go on until this process ends: should the keeper be lost before the next daemon is there, that will find all of it.
    async handOver() {
      await part((keeper) => {
        keeper.send({ type: 'handOver' });
        keeper.close();
      });
    },
    async answers() {
      if (link === null) await attaching?.catch(() => {});
      await link?.answers();
    },
    trouble() {
      if (silentSince === null || own?.pid == null) return null;
      return { pid: own.pid, since: new Date(silentSince).toISOString(), isStopped: isStopped(own.pid) };
    },
  };

  /** False: there is no keeper. */
  async function part(say: (keeper: Link) => void): Promise<boolean> {
    await attaching?.catch(() => {});
    const keeper = link;
    if (keeper === null) return false;
    await new Promise<void>((resolve) => {
      closed = resolve;
      say(keeper);
    });
    return true;
  }

  function ready(): Promise<void> {
    if (link !== null) return Promise.resolve();
    attaching ??= attempt().finally(() => (attaching = null));
    return attaching;
  }

  /** Never two at a time: one that only cannot be talked to any more is ended first. */
  async function attempt(): Promise<void> {
    await endOwn();
    await start(options.inCare());
    await options.replaced();
  }

  async function start(adopt: readonly Held[]): Promise<Hello> {
    const lease: Lease = { id: options.newId(), name: keeperName, pid: null, startTime: null, bootId: bootId() };
    await leases.begin(lease);
    own = lease;
    try {
      const { pid } = await startKeeper(options, lease.id);
      own = leaseOf(lease.id, pid ?? 0);
      leases.started(own);
      return await attach(adopt);
    } catch (error) {
      await endOwn();
      throw error;
    }
  }

  async function attach(adopt: readonly Held[]): Promise<Hello> {
    const fresh = await linkTo(options, adopt, { receive: options.receive, lost, silent, hung });
    link = fresh;
    beat([fresh.hello.sentinel, fresh.hello.watch]);
    for (const message of waiting.splice(0)) fresh.send(message);
    return fresh.hello;
  }

  function beat(names: readonly (string | undefined)[]): void {
    const before = pulses;
    pulses = names.flatMap((name) => {
      try {
        return name === undefined ? [] : [openSync(join(options.fifoDir, name), constants.O_RDWR | constants.O_NONBLOCK)];
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'what runs would be killed with its keeper');
        return [];
      }
    });
    for (const fd of before) closeSync(fd);
  }

  function silent(isSilent: boolean): void {
    silentSince = isSilent ? clock.now() : null;
    const pid = own?.pid ?? null;
    if (!isSilent) log.info({ pid }, 'the keeper of commands answers again');
    else log.warn({ pid, stopped: pid !== null && isStopped(pid) }, 'the keeper of commands does not answer');
  }

  /** It would not hear that it is to go. */
  function hung(): void {
    log.error({ pid: own?.pid }, 'the keeper of commands hangs: it is killed');
    if (own?.pid != null && stillRuns(own)) process.kill(own.pid, 'SIGKILL');
    link?.destroy();
  }

  function lost(error: unknown): void {
    link = null;
    silentSince = null;
    if (closed !== null) {
      closed();
      return;
    }
    log.error({ pid: own?.pid, ...(error === null ? {} : { error: messageOf(error) }) }, 'the keeper of commands was lost');
    replace();
  }

  function replace(pauseMs = shortestPauseMs): void {
    if (!options.needed()) return;
    ready().catch((error: unknown) => {
      const failure = error instanceof MusterError ? error : new MusterError('EFAILED', messageOf(error), { cause: error });
      log.error({ error: failure.message }, 'there is no keeper of commands');
      options.failed(failure);
      clock.after(pauseMs, () => replace(Math.min(2 * pauseMs, longestPauseMs)));
    });
  }

  async function endOwn(): Promise<void> {
    if (own !== null) await options.end(own);
    own = null;
  }
}

/** By a signal, or a debugger. */
function isStopped(pid: number): boolean {
  return ['T', 't'].includes(statOf(pid)?.state ?? '');
}

function leaseOf(id: string, pid: number): Lease {
  return { id, name: keeperName, pid, startTime: statOf(pid)?.startTime ?? null, bootId: bootId() };
}
