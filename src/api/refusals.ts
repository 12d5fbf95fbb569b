import { type Asked, audit } from '../engine/audit.ts';
import type { EngineContext } from '../engine/context.ts';
import type { Method } from '../model/methods.ts';

/** So long the same refusal of the same module is only counted: one that asks over and over must not drive other lines out. */
const countedMs = 60_000;

export interface Refusal {
  /** Null: a client of the socket, which could as well write to the file. */
  readonly module: string | null;
  readonly method: Method;
  readonly asked: Asked;
  readonly error: unknown;
}

/** Writes lines of what was refused. */
export function createRefusals(): (refusal: Refusal, context: EngineContext) => Promise<void> {
  const counted = new Map<string, { times: number; last: Refusal }>();

  return async (refusal, context) => {
    if (context.ports.audit === undefined) return;
    const { module, method, asked, error } = refusal;
    const key = `${module} ${method} ${(error as { code?: unknown }).code}`;
    const known = module === null ? undefined : counted.get(key);
    if (known !== undefined) {
      known.times += 1;
      known.last = refusal;
      return;
    }
    if (module !== null) {
      const entry = { times: 0, last: refusal };
      counted.set(key, entry);
      context.ports.clock.after(countedMs, () => {
        counted.delete(key);
        const { times, last } = entry;
        if (times > 0) void audit({ ...last.asked, times }, { error: last.error }, context);
      });
    }
    await audit(asked, { error }, context);
  };
}
