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
  /** The oldest stretch, of a long one its beginning; null: nothing waits. */
  take(most: number): Stretch | null;
}

export function createQueue(): Queue {
  const stretches: { gaps: Gap[]; pieces: Piece[] }[] = [];
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
    take(most) {
      const [first] = stretches;
      if (first === undefined) return null;
      let count = 0;
      for (let size = 0; size < most && count < first.pieces.length; count++) size += first.pieces[count]?.chunk.length ?? 0;
      if (count === first.pieces.length) {
        stretches.shift();
        return first;
      }
      const pieces = first.pieces.splice(0, count);
      const { gaps } = first;
      first.gaps = [];
      return { gaps, pieces };
    },
  };
}
