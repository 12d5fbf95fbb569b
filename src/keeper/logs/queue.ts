import type { Blocks } from './blocks.ts';
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
  /** Copies the chunk. */
  push(piece: Piece): void;
  miss(bytes: number, loss: Loss): void;
  /** Bytes of the pieces; those that were taken count until they are `done`. */
  bytes(): number;
  /** So many of the oldest bytes are not needed any more. */
  done(bytes: number): void;
  /** The oldest stretch, of a long one its beginning; null: nothing waits. */
  take(most: number): Stretch | null;
}

export function createQueue(blocks: Blocks): Queue {
  const copies = createCopies(blocks);
  const stretches: { gaps: Gap[]; pieces: Piece[] }[] = [];
  let bytes = 0;
  return {
    push(piece) {
      if (stretches.length === 0) stretches.push({ gaps: [], pieces: [] });
      stretches.at(-1)?.pieces.push({ ...piece, chunk: copies.add(piece.chunk) });
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
      copies.drop(count);
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

/** Copies in the order in which they come and go, as many in a block as there is room for. */
function createCopies(blocks: Blocks) {
  const filled: { readonly memory: Buffer; used: number; needed: number }[] = [];
  return {
    add(bytes: Uint8Array): Uint8Array {
      let block = filled.at(-1);
      if (block === undefined || block.memory.length - block.used < bytes.length) {
        block = { memory: blocks.take(bytes.length), used: 0, needed: 0 };
        filled.push(block);
      }
      const copy = block.memory.subarray(block.used, block.used + bytes.length);
      copy.set(bytes);
      block.used += bytes.length;
      block.needed += bytes.length;
      return copy;
    },
    drop(count: number): void {
      for (let block = filled[0]; block !== undefined; block = filled[0]) {
        const fewer = Math.min(count, block.needed);
        block.needed -= fewer;
        count -= fewer;
        if (block.needed > 0) return;
        blocks.give(block.memory);
        filled.shift();
      }
    },
  };
}
