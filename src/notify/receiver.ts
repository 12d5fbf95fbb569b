import { messageOf } from '../model/error.ts';
import type { Notification, NotifySpec, ReceiverDoc } from '../model/notify.ts';
import type { Clock, Log, Random, Timer } from '../model/ports.ts';
import type { Outbox } from './outbox.ts';

const firstPauseMs = 1000;
const longestPauseMs = 300_000;
/** What nobody takes for so long is news no more. */
const oldestMs = 24 * 3_600_000;

export interface ReceiverPorts {
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  readonly outbox: Outbox;
  /** One attempt; resolves when the receiver has it. */
  send(spec: NotifySpec, notification: Notification, signal: AbortSignal): Promise<void>;
}

/** One of those who are told: one notification after the other, each until it is taken. */
export interface Receiver {
  readonly doc: ReceiverDoc;
  spec: NotifySpec;
  /** There may be something for it. */
  wake(): void;
  dropped(count: number): void;
  /** Ends the attempt that is under way; resolves when it is over. */
  pause(): Promise<void>;
  resume(): void;
}

export function createReceiver(key: string, first: NotifySpec, { clock, random, log, outbox, send }: ReceiverPorts): Receiver {
  let spec = first;
  let isPaused = false;
  let timer: Timer | null = null;
  let running: Promise<void> | null = null;
  let current: AbortController | null = null;
  let attempts = 0;
  let drops = 0;
  let deliveredAt: number | null = null;
  let failure: { message: string; since: number } | null = null;

  function wake(): void {
    if (isPaused || timer !== null || running !== null || outbox.waiting(key).length === 0) return;
    running = work().finally(() => {
      running = null;
      current = null;
      wake();
    });
  }

  /** What is over is durable before the next one begins. */
  async function work(): Promise<void> {
    const [notification] = outbox.waiting(key);
    if (notification === undefined) return;
    if (clock.now() - Date.parse(notification.at) > oldestMs) {
      drops += 1;
      log.warn(
        { to: labelOf(spec), id: notification.id, event: notification.event },
        'a notification was given up: nobody took it for a day',
      );
      await outbox.done(key, notification.id);
      return;
    }
    try {
      await attempt(notification);
    } catch (error) {
      if (!isPaused) failed(messageOf(error));
      return;
    }
    attempts = 0;
    failure = null;
    deliveredAt = clock.now();
    await outbox.done(key, notification.id);
  }

  async function attempt(notification: Notification): Promise<void> {
    const controller = new AbortController();
    current = controller;
    const { timeout } = spec;
    const limit = clock.after(timeout, () => controller.abort(new Error(`no answer within ${timeout / 1000}s`)));
    try {
      await send(spec, notification, controller.signal);
    } finally {
      limit.cancel();
    }
  }

  function failed(message: string): void {
    attempts += 1;
    if (failure === null) log.warn({ to: labelOf(spec), reason: message }, 'a notification was not taken; it is tried again');
    failure = { message, since: failure?.since ?? clock.now() };
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempts - 1, 20));
    timer = clock.after(pause * (0.5 + random.next() / 2), () => {
      timer = null;
      wake();
    });
  }

  return {
    get spec() {
      return spec;
    },
    set spec(next) {
      spec = next;
    },
    get doc() {
      return {
        to: labelOf(spec),
        on: spec.on,
        waiting: outbox.waiting(key).length,
        dropped: drops,
        deliveredAt: deliveredAt === null ? null : isoOf(deliveredAt),
        failure: failure === null ? null : { message: failure.message, since: isoOf(failure.since), attempts },
      };
    },
    wake,
    dropped(count) {
      drops += count;
      log.warn({ to: labelOf(spec), count }, 'the oldest notifications were dropped: too many wait');
    },
    async pause() {
      isPaused = true;
      timer?.cancel();
      timer = null;
      current?.abort(new Error('the daemon is leaving'));
      await running;
    },
    resume() {
      isPaused = false;
      wake();
    },
  };
}

/** All that may be shown of an address: its path often is what lets one write there. */
export function labelOf({ url, exec }: Pick<NotifySpec, 'url' | 'exec'>): string {
  if (exec !== undefined) return exec[0] ?? '';
  if (typeof url === 'object') return `secret ${url.secret.startsWith('text:') ? 'text' : url.secret}`;
  const { protocol, host } = new URL(url ?? 'http://');
  return `${protocol}//${host}`;
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
