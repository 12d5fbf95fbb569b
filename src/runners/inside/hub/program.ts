import { readFileSync } from 'node:fs';
import type { RealmProgram } from '../../protocol.ts';

/** The program of realms: read once, so that all of a runner have the same, and compiled by the first of them. */
export interface Program {
  /** For one more realm. */
  next(): RealmProgram;
  /** What a realm has compiled of it. */
  compiled(code: Uint8Array): void;
}

export function readProgram(file: string): Program {
  // Whole, as it is compiled: a thread that had to put it together would collect its garbage once more before it is there.
  const source = `(function (require, __filename) {${readFileSync(file, 'latin1')}\n})`;
  let compiled: Uint8Array | null = null;
  let asked = 0;
  return {
    next() {
      // Another one is asked now and then, in case the first ended too soon, or hangs.
      const tell = compiled === null && asked++ % askEach === 0;
      return { file, source, compiled, tell };
    },
    compiled(code) {
      compiled = code;
    },
  };
}

const askEach = 8;
