const mostLines = 20;
/** A line beyond this is cut: the tail is for people who ask what went wrong. */
const longestLine = 1024;
const enoughBytes = mostLines * longestLine;

/** The last lines of output of an instance. */
export interface Tail {
  push(chunk: Uint8Array): void;
  read(): string[];
}

/** Costs next to nothing for a flood: chunks are only kept, and made into lines when someone asks. */
export function createTail(): Tail {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      const end = chunk.subarray(-enoughBytes);
      chunks.push(end);
      bytes += end.length;
      for (let first = chunks[0]; first !== undefined && bytes - first.length >= enoughBytes; first = chunks[0]) {
        bytes -= first.length;
        chunks.shift();
      }
    },
    read() {
      const lines = Buffer.concat(chunks).toString('utf8').split('\n');
      if (lines.at(-1) === '') lines.pop();
      return lines.slice(-mostLines).map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
    },
  };
}
