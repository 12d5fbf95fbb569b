import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical.ts';
import type { Happening, Notification, NotifySpec, ReceiverDoc } from '../model/notify.ts';
import type { Clock, Log, Random, Timer } from '../model/ports.ts';
import { type Decision, decide, isWanted, type Standing, standingAfter } from './decide.ts';
import { messageOf } from './message.ts';
import type { Outbox } from './outbox.ts';
import { createReceiver, labelOf, type Receiver, type ReceiverPorts } from './receiver.ts';
import { type Receivers, successorsOf } from './successors.ts';

export interface NotifierOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: Outbox;
  send: ReceiverPorts['send'];
  /** Where it is told from, now. */
  about(): Pick<Notification, 'daemon' | 'generation' | 'revision'>;
  /** The same data without values of secrets. */
  masked(data: unknown): unknown;
  /** What only this state dir can read again; null from `open`: it is not that. */
  readonly seal: { seal(text: string): string; open(sealed: string): string | null };
}

/** Tells receivers of what happens: decides, writes down, sends until it is taken. */
export interface Notifier {
  /** Those of the config from now on. */
  configure(specs: readonly NotifySpec[]): void;
  happened(happening: Happening): void;
  readonly receivers: readonly ReceiverDoc[];
  /** Nothing is sent any more; resolves when no attempt is under way. */
  pause(): Promise<void>;
  resume(): void;
  close(): Promise<void>;
}

export function createNotifier(options: NotifierOptions): Notifier {
  const { clock, random, log, outbox, about, masked, seal } = options;
  const receivers = new Map<string, Receiver>();
  let standing: Standing = standingAfter(outbox.told);
  let timer: Timer | null = null;
  let isPaused = false;
  let inOrder: Receivers = new Map();
  const before = outbox.sealed === null ? null : seal.open(outbox.sealed);
  if (before !== null) place(JSON.parse(before) as NotifySpec[]);

  /** Who takes the place of whom. */
  function place(specs: readonly NotifySpec[]): ReadonlyMap<string, string> {
    const wanted = byReceiver(specs);
    const successors = successorsOf(inOrder, wanted);
    inOrder = wanted;
    const ended = new Map<string, Promise<void>>();
    for (const [key, receiver] of receivers) {
      if (wanted.has(key)) continue;
      receivers.delete(key);
      const over = receiver.pause();
      const successor = successors.get(key);
      if (successor !== undefined) ended.set(successor, over);
      else gone(receiver.spec, outbox.waiting(key).length);
    }
    for (const [key, spec] of wanted) {
      const known = receivers.get(key);
      if (known !== undefined) known.spec = spec;
      else receivers.set(key, placed(key, spec, ended.get(key)));
    }
    return successors;
  }

  /** It begins when the one before it is over, for what that one has sent is not sent again. */
  function placed(key: string, spec: NotifySpec, before: Promise<void> | undefined): Receiver {
    const receiver = createReceiver(key, spec, options);
    if (isPaused || before !== undefined) void receiver.pause();
    void before?.then(() => {
      if (!isPaused && receivers.get(key) === receiver) receiver.resume();
    });
    return receiver;
  }

  function gone(spec: NotifySpec, count: number): void {
    if (count > 0)
      log.warn({ to: labelOf(spec), count }, 'notifications were dropped that waited for a receiver which is not in the config any more');
  }

  function look(happening: Happening | { type: 'time'; at: number }): void {
    const decision = decide(standing, happening);
    const isOther = canonicalJson(decision.standing.told) !== canonicalJson(standing.told);
    standing = decision.standing;
    timer?.cancel();
    timer =
      decision.lookAt === null
        ? null
        : clock.after(Math.max(0, decision.lookAt - happening.at), () => look({ type: 'time', at: clock.now() }));
    if (isOther || decision.news.length > 0) void tell(decision, happening.at);
  }

  async function tell({ news, standing: { told } }: Decision, at: number): Promise<void> {
    const notifications = news.flatMap((one) => {
      const to = [...receivers].filter(([, { spec }]) => isWanted(spec.on, one)).map(([key]) => key);
      if (to.length === 0) return [];
      return [{ to, notification: masked(messageOf(one, { id: random.id(), at, ...about() })) as Notification }];
    });
    const dropped = await outbox.queue(told, notifications);
    for (const [key, count] of dropped) receivers.get(key)?.dropped(count);
    for (const receiver of receivers.values()) receiver.wake();
  }

  return {
    configure(specs) {
      const successors = place(specs);
      const sealed = specs.length === 0 && outbox.sealed === null ? null : seal.seal(JSON.stringify(specs));
      if (sealed !== null && (outbox.sealed === null || seal.open(outbox.sealed) !== JSON.stringify(specs))) {
        void outbox.keepOnly([...receivers.keys()], sealed, successors);
      }
      for (const receiver of receivers.values()) if (!isPaused) receiver.wake();
    },
    happened(happening) {
      // What was told is kept too.
      if (receivers.size > 0 || outbox.sealed !== null) look(masked(happening) as Happening);
    },
    get receivers() {
      return [...receivers.values()].map(({ doc }) => doc);
    },
    async pause() {
      isPaused = true;
      timer?.cancel();
      await Promise.all([...receivers.values()].map((receiver) => receiver.pause()));
    },
    resume() {
      isPaused = false;
      for (const receiver of receivers.values()) receiver.resume();
      look({ type: 'time', at: clock.now() });
    },
    async close() {
      timer?.cancel();
      await Promise.all([...receivers.values()].map((receiver) => receiver.pause()));
      await outbox.close();
      log.debug({}, 'nobody is told any more');
    },
  };
}

/** One that stands there twice wants to hear of what either entry says. */
function byReceiver(specs: readonly NotifySpec[]): ReadonlyMap<string, NotifySpec> {
  const found = new Map<string, NotifySpec>();
  for (const spec of specs) {
    const key = keyOf(spec);
    const on = [...new Set([...(found.get(key)?.on ?? []), ...spec.on])];
    found.set(key, { ...spec, on });
  }
  return found;
}

/** What it is, whatever it wants to hear and however long it may take. */
function keyOf({ url, exec, cwd, headers }: NotifySpec): string {
  const what = exec === undefined ? { url, headers: headers ?? null } : { exec, cwd };
  return createHash('sha256').update(canonicalJson(what)).digest('hex').slice(0, 32);
}
