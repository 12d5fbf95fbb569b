import type { LogSpec } from '../../model/fields/log.ts';
import type { Clock } from '../../model/ports.ts';
import type { LogSettings, LogWriter, OutputStream } from '../logs/writer.ts';
import { createTail } from '../tail.ts';

export interface CapturePorts {
  readonly logs: { open(name: string, settings: LogSettings): LogWriter };
  readonly clock: Clock;
}

/** The output of one program: to its log, and what is told of it. */
export interface Capture {
  /** A promise means: read no more until it resolves. */
  take(stream: OutputStream, chunk: Uint8Array): void | Promise<void>;
  /** When there last was any, or when it began; ms since the epoch. */
  activeAt(): number;
  bytes(): number;
  clear(): void;
  /** The last lines, at most 20. */
  lines(): string[];
  update(settings: LogSpec): void;
  rename(name: string): void;
  close(): Promise<void>;
}

export function createCapture(name: string, settings: LogSpec, { logs, clock }: CapturePorts): Capture {
  const log = logs.open(name, settings);
  const tail = createTail(clock);
  let activeAt = clock.now();
  let bytes = 0;
  return {
    take(stream, chunk) {
      activeAt = clock.now();
      bytes += chunk.length;
      tail.push(stream, chunk);
      return log.write(stream, chunk);
    },
    activeAt: () => activeAt,
    bytes: () => bytes,
    clear() {
      bytes = 0;
    },
    lines: () => tail.lines(),
    update: (next) => log.update(next),
    rename: (next) => log.rename(next),
    close: () => log.close(),
  };
}
