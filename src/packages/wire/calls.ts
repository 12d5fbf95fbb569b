import { MusterError } from '../../model/error.ts';
import type { Clock, Timer } from '../../model/ports.ts';
import { formatDuration } from '../../model/units.ts';
import type { TriggerOptions } from '../../model/wire.ts';

interface Call {
  readonly action: string;
  readonly options: TriggerOptions;
  /** Only a late reply to the call before, perhaps. */
  doubtful: { readonly value: unknown } | null;
  timer: Timer | null;
  resolve(value: unknown): void;
  reject(error: Error): void;
  send(): boolean;
}

export interface Calls {
  /** A reply names its action and no call: so of one action there is one call at a time. */
  custom(action: string, send: () => boolean, options: TriggerOptions): Promise<unknown>;
  scoped(action: string, uuid: string, send: () => boolean, options: TriggerOptions): Promise<unknown>;
  /** False: nobody waits for it. */
  reply(action: string, value: unknown): boolean;
  part(type: 'part' | 'end' | 'error', uuid: string, value: unknown): boolean;
  /** Nothing will be answered any more. */
  end(why: string): void;
}

/** Waiting for one another; more are refused. */
const mostWaiting = 100;

/** Calls of actions that wait for their answer. */
export function createCalls(name: string, clock: Clock): Calls {
  /** By action, the first of each is under way. */
  const queues = new Map<string, Call[]>();
  const streams = new Map<string, Call>();
  /** Actions that have not replied in time: their next reply may be to the call before. */
  const owing = new Set<string>();

  return {
    custom: (action, send, options) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(action) ?? [];
        if (queue.length >= mostWaiting) {
          reject(new MusterError('EBUSY', `${mostWaiting} calls of ${action} wait for ${name} already`));
          return;
        }
        queues.set(action, queue);
        queue.push({ action, options, doubtful: null, timer: null, resolve, reject, send });
        if (queue.length === 1) begin(action);
      }),
    scoped: (action, uuid, send, options) =>
      new Promise((resolve, reject) => {
        const call: Call = { action, options, doubtful: null, timer: null, resolve, reject, send };
        if (!send()) {
          reject(unsent(action));
          return;
        }
        streams.set(uuid, call);
        patient(call, () => {
          streams.delete(uuid);
          reject(late(action, options));
        });
      }),
    reply(action, value) {
      const call = queues.get(action)?.[0];
      if (call === undefined) return owing.delete(action);
      if (owing.delete(action)) call.doubtful = { value };
      else settle(call, () => call.resolve(value));
      return true;
    },
    part(type, uuid, value) {
      const call = streams.get(uuid);
      if (call === undefined) return false;
      if (type === 'part') {
        call.options.onPart(value);
        patient(call, () => {
          streams.delete(uuid);
          call.reject(late(call.action, call.options));
        });
        return true;
      }
      call.timer?.cancel();
      streams.delete(uuid);
      if (type === 'end') call.resolve(value);
      else
        call.reject(
          new MusterError('EFAILED', `${call.action} of ${name} failed: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
        );
      return true;
    },
    end(why) {
      const all = [...[...queues.values()].flat(), ...streams.values()];
      queues.clear();
      streams.clear();
      owing.clear();
      for (const call of all) {
        call.timer?.cancel();
        call.reject(new MusterError('EHOSTUNREACH', `${name} ${why} before it answered ${call.action}`));
      }
    },
  };

  function begin(action: string): void {
    const call = queues.get(action)?.[0];
    if (call === undefined) return;
    if (!call.send()) {
      settle(call, () => call.reject(unsent(action)));
      return;
    }
    patient(call, () => {
      const { doubtful } = call;
      if (doubtful === null) owing.add(action);
      settle(call, () => (doubtful === null ? call.reject(late(action, call.options)) : call.resolve(doubtful.value)));
    });
  }

  function settle(call: Call, done: () => void): void {
    call.timer?.cancel();
    const queue = queues.get(call.action);
    queue?.shift();
    if (queue?.length === 0) queues.delete(call.action);
    done();
    begin(call.action);
  }

  function patient(call: Call, giveUp: () => void): void {
    call.timer?.cancel();
    call.timer = clock.after(call.options.timeoutMs, giveUp);
  }

  function unsent(action: string): MusterError {
    return new MusterError('EHOSTUNREACH', `${action} could not be sent to ${name}: its channel is closed, or nothing is read from it`, {
      hint: `muster restart ${name} gives it another`,
    });
  }

  function late(action: string, { timeoutMs }: TriggerOptions): MusterError {
    return new MusterError('ETIMEDOUT', `${action} of ${name} did not answer within ${formatDuration(timeoutMs)}`, {
      hint: '--timeout waits longer',
    });
  }
}
