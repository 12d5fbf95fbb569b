import { isUtf8 } from 'node:buffer';
import { MusterError } from '../model/error.ts';
import { maxLineBytes } from '../model/message.ts';

export interface LineSplitter {
  /** Hands on each line that is complete now. Throws `EPROTO` for a line that is too long or not UTF-8; then it is of no use any more. */
  push(chunk: Buffer, onLine: (line: string) => void): void;
  /** Hands on what stands after the last line break, if anything does. */
  end(onLine: (line: string) => void): void;
}

const newline = 0x0a;

/** Cuts a byte stream into lines. Only whole lines are decoded, and each byte is copied at most once. */
export function createLineSplitter(maxBytes = maxLineBytes): LineSplitter {
  let parts: Buffer[] = [];
  let partBytes = 0;

  return {
    push(chunk, onLine) {
      const last = chunk.lastIndexOf(newline);
      if (last === -1) {
        keep(chunk);
        return;
      }
      const first = parts.length === 0 ? -1 : chunk.indexOf(newline);
      if (first !== -1) {
        keep(chunk.subarray(0, first));
        decode(takeParts(), onLine);
      }
      if (last > first) decode(chunk.subarray(first + 1, last), onLine);
      if (last + 1 < chunk.length) keep(chunk.subarray(last + 1));
    },
    end(onLine) {
      if (partBytes > 0) decode(takeParts(), onLine);
    },
  };

  function takeParts(): Buffer {
    const line = Buffer.concat(parts, partBytes);
    parts = [];
    partBytes = 0;
    return line;
  }

  function keep(part: Buffer): void {
    partBytes += part.length;
    if (partBytes > maxBytes) throw new MusterError('EPROTO', `a line has at most ${maxBytes} bytes`);
    parts.push(part);
  }

  /** Newlines are ASCII, so lines that came together are decoded together. */
  function decode(bytes: Buffer, onLine: (line: string) => void): void {
    if (bytes.length <= maxBytes && isUtf8(bytes)) {
      for (const line of bytes.toString('utf8').split('\n')) onLine(line);
      return;
    }
    for (let start = 0; start <= bytes.length; ) {
      const found = bytes.indexOf(newline, start);
      const line = bytes.subarray(start, found === -1 ? bytes.length : found);
      if (line.length > maxBytes) throw new MusterError('EPROTO', `a line has at most ${maxBytes} bytes`);
      if (!isUtf8(line)) throw new MusterError('EPROTO', 'a line is not UTF-8');
      onLine(line.toString('utf8'));
      start += line.length + 1;
    }
  }
}
