import { codeLogSettings, type LogSink } from './log-sink.ts';
import { outputWindow } from './protocol.ts';
import { createTail } from './tail.ts';

/** What a module writes, on its way to its log. */
export interface InstanceOutput {
  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  rename(name: string): void;
  /** The last lines. */
  tail(): string[];
  /** Resolves when all of it is written, or cannot be, and the module knows. */
  close(): Promise<void>;
}

/** `wrote` hears how much has been written, so that the module gets room for more. */
export function createInstanceOutput(
  name: string,
  logs: LogSink,
  wrote: (bytes: number) => void,
  before: readonly string[] = [],
): InstanceOutput {
  const file = logs.open(name, codeLogSettings);
  const tail = createTail();
  for (const line of before) tail.push(Buffer.from(`${line}\n`));
  let written = 0;

  async function write(stream: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void> {
    tail.push(chunk);
    try {
      await file.write(stream, chunk);
    } finally {
      written += chunk.length;
      if (written >= outputWindow / 8) {
        wrote(written);
        written = 0;
      }
    }
  }

  return {
    push: (stream, chunk) => void write(stream, chunk).catch(() => {}), // a full disk is the log's concern; the module runs on
    rename: (next) => file.rename(next),
    tail: tail.read,
    close: async () => {
      await Promise.resolve(file.close()).catch(() => {});
      if (written > 0) wrote(written);
      written = 0;
    },
  };
}
