import type { ChildProcess, StdioOptions } from 'node:child_process';
import type { SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { pump } from './output.ts';

/** A pipe that is still open when the tree is gone is held by a process that escaped; what it writes is of no interest. */
const drainMs = 1000;

/** What a program has as its descriptors, and what becomes of what it writes there. */
export interface Stdio {
  readonly options: StdioOptions;
  /** The program runs. `onEnd` is called when one of its pipes ends. */
  attach(raw: ChildProcess, onEnd: () => void): void;
  /** Nothing of the tree is left: resolves when all that was written has been delivered. */
  drain(): Promise<void>;
}

export function openStdio(spec: SpawnSpec, { clock, log }: { clock: Clock; log: Log }): Stdio {
  let pipes: { readonly stream: NonNullable<ChildProcess['stdout']>; readonly done: Promise<void> }[] = [];
  return {
    options: ['ignore', 'pipe', 'pipe', ...(spec.ipc === true ? (['ipc'] as const) : [])],
    attach(raw, onEnd) {
      pipes = (['stdout', 'stderr'] as const).flatMap((name) => {
        const stream = raw[name];
        if (stream === null) return [];
        stream.once('end', onEnd);
        return { stream, done: pump(stream, (chunk) => spec.onOutput(name, chunk), log) };
      });
    },
    async drain() {
      const late = clock.after(drainMs, () => {
        for (const { stream } of pipes) stream.destroy();
      });
      await Promise.all(pipes.map(({ done }) => done));
      late.cancel();
    },
  };
}
