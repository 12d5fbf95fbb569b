import type { Piece } from './cut.ts';
import type { Loss } from './writer.ts';

/** Output that does not come, at its place among what does. */
export interface Gap {
  readonly loss: Loss;
  bytes: number;
}

/** Pieces in a row, and what is missing before them. */
export interface Stretch {
  readonly gaps: readonly Gap[];
  readonly pieces: readonly Piece[];
}

/** What waits for the disk. */
export interface Queue {
  push(piece: Piece): void;
  miss(bytes: number, loss: Loss): void;
  /** Bytes of the pieces; those that were taken count until they are `done`. */
  bytes(): number;
  done(bytes: number): void;
  isEmpty(): boolean;
  take(): Stretch[];
}

export function createQueue(): Queue {
  let stretches: { gaps: Gap[]; pieces: Piece[] }[] = [];
  let bytes = 0;
  return {
    push(piece) {
      if (stretches.length === 0) stretches.push({ gaps: [], pieces: [] });
      stretches.at(-1)?.pieces.push(piece);
      bytes += piece.chunk.length;
    },
    miss(count, loss) {
      const last = stretches.at(-1);
      const open = last !== undefined && last.pieces.length === 0 ? last : { gaps: [], pieces: [] };
      if (open !== last) stretches.push(open);
      const same = open.gaps.find((gap) => gap.loss === loss);
      if (same === undefined) open.gaps.push({ loss, bytes: count });
      else same.bytes += count;
    },
    bytes: () => bytes,
    done(count) {
      bytes -= count;
    },
    isEmpty: () => stretches.length === 0,
    take() {
      const taken = stretches;
      stretches = [];
      return taken;
    },
  };
}
