import type { OutputStream } from '../../logs/writer.ts';

/** Of a longer line its beginning counts. */
const mostBytes = 8192;
const lineFeed = 10;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Looks for a line that matches, in what a program writes to either stream. */
export interface LineTest {
  push(stream: OutputStream, chunk: Uint8Array): void;
}

/** Calls `onMatch` once; lines are judged without colours when they are complete. */
export function lineTest(pattern: string, onMatch: () => void): LineTest {
  const expression = new RegExp(pattern);
  const begun: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  let matched = false;
  return {
    push(stream, bytes) {
      if (matched) return;
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let start = 0;
      for (let end = chunk.indexOf(lineFeed); end !== -1 && !matched; end = chunk.indexOf(lineFeed, start)) {
        matched = expression.test(textOf(joined(begun[stream], chunk.subarray(start, end))));
        begun[stream] = Buffer.alloc(0);
        start = end + 1;
      }
      begun[stream] = matched ? Buffer.alloc(0) : joined(begun[stream], chunk.subarray(start));
      if (matched) onMatch();
    },
  };
}

function joined(head: Buffer, rest: Buffer): Buffer {
  const room = mostBytes - head.length;
  return room <= 0 || rest.length === 0 ? head : Buffer.concat([head, rest.subarray(0, room)]);
}

function textOf(line: Buffer): string {
  return line.toString().replace(/\r$/, '').replace(ansi, '');
}
