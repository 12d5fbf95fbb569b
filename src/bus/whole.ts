import type { BusPort } from '../model/bus.ts';
import { MusterError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import type { Asker } from './asker.ts';

/** One request as a promise of its response; parts of a stream are let pass. */
export function whole(
  asker: Asker,
  clock: Clock,
  topic: string,
  payload: unknown,
  { timeout, signal }: Parameters<BusPort['request']>[2] = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new MusterError('ECANCELED', `${topic} was given up`));
    const cancel = (): void => asker.cancel(id);
    const timer = timeout === undefined ? null : clock.after(timeout, () => asker.cancel(id, late(topic, timeout)));
    const end = (): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', cancel);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    const id = asker.ask(topic, payload, {
      part: async () => {},
      send(answer) {
        end();
        resolve(answer);
      },
      fail(error) {
        end();
        reject(error);
      },
    });
  });
}

function late(topic: string, timeout: number): MusterError {
  return new MusterError('ETIMEDOUT', `${topic} was not answered within ${timeout} ms`);
}
