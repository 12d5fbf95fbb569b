import type { createApi } from '../api/api.ts';
import type { OnRequest as OnModuleRequest } from '../bus/served.ts';
import { someClient, type Tracers } from '../bus/tracers.ts';
import { daemonAddress } from '../model/bus.ts';
import { MusterError, toWire } from '../model/error.ts';
import type { Log } from '../model/ports.ts';
import type { OnRequest } from '../socket/connection.ts';
import type { Reply } from '../socket/reply.ts';

export interface ServiceOptions {
  readonly answer: ReturnType<typeof createApi>;
  readonly tracers: Pick<Tracers, 'active' | 'record'>;
  readonly log: Log;
  /** Takes secrets out of what modules are answered; clients of the socket have theirs taken out there. */
  masked<T>(document: T): T;
  /** Ends the daemon. */
  leave(): void;
  /** Another daemon is there to take over; resolves when this one has gone to meet it. */
  handOver(): Promise<void>;
}

/** The service `muster`, as clients of the socket and as modules reach it. */
export function createService({ answer, tracers, log, masked, leave, handOver }: ServiceOptions): {
  ofClient: OnRequest;
  ofModule: OnModuleRequest;
} {
  function ofClient({ topic, payload }: { topic: string; payload?: unknown }, given: Reply): void | Promise<void> {
    const reply = tracers.active ? traced(topic, payload, given) : given;
    try {
      // Of no use to anybody else, and so no method.
      if (topic === 'muster.handover') return later(topic, handOver(), reply);
      const answered = answer(topic, payload, reply);
      if (answered instanceof Promise) return later(topic, answered, reply);
      reply.send(answered);
    } catch (error) {
      failed(topic, error, reply);
    }
  }

  async function later(topic: string, answered: Promise<unknown>, reply: Reply): Promise<void> {
    try {
      reply.send(await answered);
      after(topic);
    } catch (error) {
      failed(topic, error, reply);
    }
  }

  function failed(topic: string, error: unknown, reply: Reply): void {
    report(topic, error);
    reply.fail(error);
  }

  const ofModule: OnModuleRequest = async (topic, payload, request) => {
    try {
      const call = {
        from: request.from,
        get signal() {
          return request.signal;
        },
        part: (part: unknown) => request.part(masked(part)),
      };
      const answered = await answer(topic, payload, call);
      after(topic);
      return masked(answered);
    } catch (error) {
      report(topic, error);
      throw error;
    }
  };

  /** A turn later, so that the callers of runs that ended with it have been answered too. */
  function after(topic: string): void {
    if (topic === 'muster.down') setImmediate(leave);
  }

  function report(topic: string, error: unknown): void {
    if (!(error instanceof MusterError)) log.error({ err: error, topic }, 'a request failed by a bug');
  }

  function traced(topic: string, payload: unknown, reply: Reply): Reply {
    const response = { type: 'response', topic, from: daemonAddress, to: someClient } as const;
    tracers.record({ type: 'request', topic, from: someClient, to: daemonAddress, payload });
    return {
      get signal() {
        return reply.signal;
      },
      peer: () => reply.peer(),
      part(part) {
        tracers.record({ ...response, payload: part, more: true });
        return reply.part(part);
      },
      send(answered) {
        tracers.record({ ...response, payload: answered });
        reply.send(answered);
      },
      fail(error) {
        tracers.record({ ...response, error: toWire(error).code });
        reply.fail(error);
      },
    };
  }

  return { ofClient, ofModule };
}
