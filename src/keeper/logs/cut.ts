import type { OutputStream } from './writer.ts';

/** A chunk of output on its way to the disk. */
export interface Piece {
  readonly stream: OutputStream;
  readonly chunk: Uint8Array;
  /** When it came. */
  readonly at: number;
}

export interface Batch {
  readonly pieces: readonly Piece[];
  /** Whether the file is rotated before. */
  readonly rotate: boolean;
}

const lineFeed = 10;

/** Cuts output into what fits the current file (`used` of `limit` bytes) and what goes to the next ones; at the end of a line where there is one. */
export function* cutToFit(pieces: readonly Piece[], used: number, limit: number): Generator<Batch> {
  let batch: Piece[] = [];
  let rotate = false;
  for (const piece of pieces) {
    let chunk = piece.chunk;
    while (used + chunk.length > limit) {
      const room = Math.max(0, limit - used);
      const lineEnd = room === 0 ? 0 : chunk.lastIndexOf(lineFeed, room - 1) + 1;
      // An empty file takes a part of a line rather than nothing.
      const cut = lineEnd > 0 || used > 0 ? lineEnd : room;
      if (cut > 0) batch.push({ ...piece, chunk: chunk.subarray(0, cut) });
      if (batch.length > 0) yield { pieces: batch, rotate };
      chunk = chunk.subarray(cut);
      batch = [];
      rotate = true;
      used = 0;
    }
    if (chunk.length > 0) batch.push({ ...piece, chunk });
    used += chunk.length;
  }
  if (batch.length > 0) yield { pieces: batch, rotate };
}

/** Neighbours of one stream that came within `withinMs`: one entry of the index, one write. */
export function* runsOf(pieces: readonly Piece[], withinMs: number): Generator<readonly [Piece, ...Piece[]]> {
  let run: [Piece, ...Piece[]] | null = null;
  for (const piece of pieces) {
    if (run !== null && run[0].stream === piece.stream && piece.at - run[0].at < withinMs) {
      run.push(piece);
      continue;
    }
    if (run !== null) yield run;
    run = [piece];
  }
  if (run !== null) yield run;
}

export function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { chunk }) => sum + chunk.length, 0);
}
