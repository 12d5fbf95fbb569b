import { MusterError } from '../model/error.ts';
import type { Thrown } from './protocol.ts';

/** What was asked of a module and not answered yet. */
export interface Calls {
  /** `send` gets the number that the answer will have. */
  ask<T>(send: (call: number) => void): Promise<T>;
  answered(call: number, thrown: Thrown | null, value: unknown): void;
  /** No answer will come any more. */
  close(error: MusterError): void;
}

export function createCalls(): Calls {
  const open = new Map<number, { resolve(value: unknown): void; reject(error: MusterError): void }>();
  let last = 0;
  let closed: MusterError | null = null;
  return {
    ask<T>(send: (call: number) => void) {
      return new Promise<T>((resolve, reject) => {
        if (closed !== null) return reject(closed);
        last += 1;
        open.set(last, { resolve: (value) => resolve(value as T), reject });
        send(last);
      });
    },
    answered(call, thrown, value) {
      const waiting = open.get(call);
      open.delete(call);
      if (thrown === null) waiting?.resolve(value);
      else waiting?.reject(new MusterError(thrown.code, thrown.message));
    },
    close(error) {
      closed = error;
      for (const { reject } of open.values()) reject(error);
      open.clear();
    },
  };
}
