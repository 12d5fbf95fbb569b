import type { Launch, LaunchHooks } from '../../model/driver.ts';
import type { Ready } from '../../model/fields/probes.ts';
import type { CommandSpec } from '../../model/fields/table.ts';
import type { Child, Keeper, SpawnSpec } from '../../model/keeper.ts';
import type { Clock, Random } from '../../model/ports.ts';
import type { OutputStream } from '../logs/writer.ts';
import { createAside, createBeforehand } from './aside.ts';
import { createHealthMonitor } from './health.ts';
import { belongs } from './notify/belongs.ts';
import type { Notice } from './notify/message.ts';
import type { NoticeReceiver, NoticeSocket } from './notify/receiver.ts';
import { testReady } from './ready.ts';
import { waitBefore } from './wait.ts';

export interface VitalsPorts {
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly notices: Pick<NoticeReceiver, 'open'>;
  readonly keeper: Pick<Keeper, 'spawn'>;
}

/** What a program is given beside what its spec says, to tell how it is. */
export type Means = Pick<SpawnSpec, 'env' | 'noticeFd' | 'onNotice'>;

/** How one command is: what it waits for before its launch, when it is ready, and whether it is well while it runs. */
export interface Vitals {
  /** Waits for what the launch needs, unless it has been launched before. Rejects where that does not come about, or with ECANCELED after `stopping`. */
  before(launched: boolean): Promise<Means>;
  output(stream: OutputStream, chunk: Uint8Array): void;
  launched(child: Child): void;
  /** Resolves when the program is ready. */
  readonly ready: Promise<void>;
  awaited(): string;
  /** Live fields of a new spec. */
  update(spec: CommandSpec): void;
  /** It is told to stop: nothing is tested any more, and what was not launched is not to be. */
  stopping(): void;
  /** It has ended, or was never launched. Idempotent. */
  end(): void;
  isUnwell(): boolean;
  /** Whether it was found well since it runs; without a health test it is. */
  isProven(): boolean;
}

export function createVitals(
  launch: Launch,
  hooks: LaunchHooks,
  { clock, random, notices, keeper }: VitalsPorts,
  wasUnwell = false,
): Vitals {
  const { name, lease, env, identity = null } = launch;
  const spec = launch.spec as CommandSpec;
  const ready = spec.ready as Ready;
  let child: Child | null = null;
  const surroundings = { lease, cwd: spec.cwd, env, identity, cgroup: () => child?.cgroup ?? null };
  const run = createAside(surroundings);
  const test = testReady(ready, { clock, run });
  const health = createHealthMonitor(spec.health, { clock, random, run, report: hooks.health }, wasUnwell);
  const cancelled = new AbortController();
  let socket: NoticeSocket | null = null;
  void test.passed.then(() => {
    if (!cancelled.signal.aborted) health.start();
  });

  return {
    async before(launched) {
      if (spec.waitFor !== undefined && !launched) {
        const beforehand = createBeforehand(keeper, name, surroundings);
        await waitBefore(name, spec.waitFor, { clock, run: beforehand, signal: cancelled.signal, waiting: hooks.waiting });
      }
      const told = await notifyMeans();
      const fd = ready.fd === undefined ? {} : { noticeFd: ready.fd, onNotice: test.notice };
      return { env: { ...env, ...told }, ...fd };
    },
    output: test.output,
    launched(started) {
      child = started;
      hooks.launched();
      if (started.takenOver) test.pass();
      else test.launched();
    },
    ready: test.passed,
    awaited: test.awaited,
    update: (next) => health.update(next.health),
    stopping,
    isUnwell: health.isUnwell,
    isProven: health.isProven,
    end() {
      stopping();
      test.cancel();
      socket?.close();
      socket = null;
    },
  };

  function stopping(): void {
    cancelled.abort('ended'); // without a reason Node makes an error with a stack of it, at each end
    health.stop();
  }

  /** Variables of sd_notify(3), for who asks for it. */
  async function notifyMeans(): Promise<Readonly<Record<string, string>>> {
    const watchdog = spec.health?.watchdog;
    if (ready.notify !== true && watchdog === undefined) return {};
    socket = await notices.open(name, identity?.uid ?? null, onNotice);
    return { NOTIFY_SOCKET: socket.path, ...(watchdog === undefined ? {} : { WATCHDOG_USEC: String(watchdog * 1000) }) };
  }

  function onNotice(notice: Notice, pid: number): void {
    if (!belongs(pid, { leader: child?.pid ?? null, lease, cgroup: child?.cgroup ?? null })) return;
    if (notice.extendMs !== undefined) hooks.extend(notice.extendMs);
    if (notice.status !== undefined) hooks.status('info', notice.status);
    if (notice.watchdogMs !== undefined) health.watchdogEvery(notice.watchdogMs);
    if (notice.watchdog !== undefined) health.watchdog(notice.watchdog);
    if (notice.ready) test.saidReady();
    if (notice.stopping) {
      health.stop();
      hooks.finalizing();
    }
  }
}
