import type { Call } from './call.ts';

/** How many items may wait for a slow reader before the oldest are dropped. */
const maxWaiting = 1000;

/**
 * Sends what is there, then what comes, until the caller leaves. The first part goes out at once, also if it is empty: from
 * then on nothing is missed but what is beyond the bound. `subscribe` returns the function that ends it; `part` makes the
 * payload of one part.
 */
export async function forward<T>(
  call: Call,
  first: readonly T[],
  subscribe: (take: (items: readonly T[], lost?: number) => void) => () => void,
  part: (items: T[], lost: number) => unknown,
): Promise<void> {
  let waiting = [...first];
  let lost = 0;
  let wake = (): void => {};
  const end = subscribe((items, lostBefore = 0) => {
    waiting = waiting.concat(items);
    lost += lostBefore + Math.max(0, waiting.length - maxWaiting);
    if (waiting.length > maxWaiting) waiting = waiting.slice(-maxWaiting);
    wake();
  });
  call.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!call.signal.aborted) {
      const payload = part(waiting.splice(0), lost);
      lost = 0;
      await call.part(payload);
      if (waiting.length === 0 && lost === 0 && !call.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
  }
}
