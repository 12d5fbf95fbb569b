const lines = 20;
/** A line beyond this is cut: the tail is for people who ask what went wrong. */
const longestLine = 2000;
const mostBytes = lines * longestLine;

/** The last lines of output of an instance. */
export interface Tail {
  push(chunk: Uint8Array | string): void;
  read(): string[];
}

export function createTail(): Tail {
  let kept = '';
  return {
    push(chunk) {
      kept +=
        typeof chunk === 'string'
          ? chunk.slice(-mostBytes)
          : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('utf8', Math.max(0, chunk.length - mostBytes));
      if (kept.length > 2 * mostBytes) kept = kept.slice(-mostBytes);
    },
    read: () =>
      kept
        .split('\n')
        .filter((line, index, all) => line !== '' || index < all.length - 1)
        .slice(-lines)
        .map((line) => line.slice(0, longestLine)),
  };
}
