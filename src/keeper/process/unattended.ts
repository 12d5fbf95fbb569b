import { join } from 'node:path';
import type { Held } from '../../model/keeper.ts';
import type { Clock, Log } from '../../model/ports.ts';
import { type CapturePorts, createCapture } from '../command/capture.ts';
import { type Drain, drainFifo } from '../fifo-reader.ts';

/** The output of a program while no daemon takes it. */
export interface Unattended {
  /** A daemon takes it from here. */
  stop(): Promise<void>;
  /** The program is gone. */
  finish(): Promise<void>;
}

/** Writes what a program writes to its log, as the daemon would. */
export function takeOutput(dir: string, held: Held, ports: { logs: CapturePorts['logs']; clock: Clock; log: Log }): Unattended {
  const { fifos, kept } = held;
  if (kept === null) return { stop: async () => {}, finish: async () => {} };
  const capture = createCapture(kept.name, kept.log, kept.argv, { ...ports, mask: (text) => text });
  const drains: Drain[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    const name = fifos[stream];
    if (name !== undefined) drains.push(drainFifo(join(dir, name), (chunk) => capture.take(stream, chunk), ports.clock));
  }
  if (fifos.notice !== undefined) drains.push(drainFifo(join(dir, fifos.notice), () => {}, ports.clock));
  return {
    stop: () => close((drain) => drain.stop()),
    finish: () => close((drain) => drain.finish()),
  };

  async function close(end: (drain: Drain) => Promise<void>): Promise<void> {
    await Promise.all(drains.map(end));
    await capture.close();
  }
}
