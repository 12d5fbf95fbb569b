import { MusterError, messageOf } from '../../model/error.ts';
import { v8 } from './on-demand.ts';

/** What a module may carry over a reload. */
export const stateLimit = 16 * 1024 ** 2;

/** Null where there is nothing to carry over. Throws EINVAL for what is no structured-clone data, E2BIG for too much. */
export function packState(state: unknown): Uint8Array | null {
  if (state === undefined) return null;
  const packed = serialized(state);
  if (packed.length <= stateLimit) return new Uint8Array(packed);
  throw new MusterError('E2BIG', `the state to be carried over is ${packed.length} bytes long; at most ${stateLimit} are possible`);
}

export function unpackState(packed: Uint8Array | null): unknown {
  return packed === null ? undefined : v8().deserialize(packed);
}

function serialized(state: unknown): Uint8Array {
  try {
    return v8().serialize(state);
  } catch (error) {
    throw new MusterError('EINVAL', `the state to be carried over is no plain data: ${messageOf(error)}`);
  }
}
