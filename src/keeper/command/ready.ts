import type { Ready } from '../../model/fields/probes.ts';
import type { Clock } from '../../model/ports.ts';

/** One test of whether a program is ready. */
export interface ReadyTest {
  /** Resolves when it passes; rejects (ETIMEDOUT) when it did not in its own time. Never settles after `cancel`. */
  readonly passed: Promise<void>;
  cancel(): void;
}

/** Tests other than `alive` are not built yet; the config refuses them. */
export function testReady(ready: Ready, { clock }: { clock: Clock }): ReadyTest {
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => (pass = resolve));
  const alive = clock.after(ready.alive ?? 250, pass);
  return { passed, cancel: () => alive.cancel() };
}
