/** Memory for output on its way to the disk, used again and again: as garbage it would cost more than all that is done with it. */
export interface Blocks {
  /** Of the usual size, or as large as it has to be. */
  take(bytes: number): Buffer;
  /** Nobody looks at it any more. */
  give(block: Buffer): void;
}

const size = 64 * 1024;
/** What more than one flood needs is given back. */
const mostSpare = 32;

export function createBlocks(): Blocks {
  const spare: Buffer[] = [];
  return {
    take: (bytes) => (bytes > size ? undefined : spare.pop()) ?? Buffer.allocUnsafeSlow(Math.max(bytes, size)),
    give(block) {
      if (block.length === size && spare.length < mostSpare) spare.push(block);
    },
  };
}
