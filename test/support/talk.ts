import { join } from 'node:path';
import type { Method, Params, Responses } from '../../src/model/methods.ts';
import { connect, type RequestOptions } from '../../src/socket/client.ts';
import type { Place } from './place.ts';

/** How a request failed. */
export interface Refusal {
  code: string;
  message: string;
}

/** A connection to the daemon of a place, as a program of its own would have it. */
export interface Talk extends Disposable {
  /** The payload of the response; rejects with the error of the other side. */
  ask<R = unknown>(topic: string, payload?: unknown, options?: RequestOptions): Promise<R>;
  /** The error of a request that has to fail. */
  refusal(topic: string, payload?: unknown): Promise<Refusal>;
  /** What a streamed response brings, in order. */
  parts(topic: string, payload?: unknown): Promise<unknown[]>;
  /** A request to the daemon itself. */
  muster<M extends Method>(method: M, params: Params<M>): Promise<Responses[M]>;
}

export async function talk({ stateDir }: Pick<Place, 'stateDir'>): Promise<Talk> {
  const client = await connect({ path: join(stateDir, 'muster.sock') });
  const self: Talk = {
    ask: async <R>(topic: string, payload: unknown, options?: RequestOptions) => (await client.request(topic, payload, options)) as R,
    async refusal(topic, payload) {
      const answer = await client.request(topic, payload).catch(refusalOf);
      if (answer instanceof Refused) return { code: answer.code, message: answer.message };
      throw new Error(`${topic} was answered: ${JSON.stringify(answer)}`);
    },
    async parts(topic, payload) {
      const parts: unknown[] = [];
      const last = await client.request(topic, payload, { onPart: (part) => void parts.push(part) });
      return last === undefined || last === null ? parts : [...parts, last];
    },
    muster: (method, params) => self.ask(`muster.${method}`, params),
    [Symbol.dispose]: () => client.close(),
  };
  return self;
}

class Refused {
  readonly code: string;
  readonly message: string;
  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

function refusalOf(error: Error & { code?: string }): Refused {
  return new Refused(error.code ?? 'none', error.message);
}
