import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { SpawnSpec } from '../model/keeper.ts';
import type { Clock, Log } from '../model/ports.ts';
import { type Pumped, pump } from './output.ts';

/** What a program has as its descriptors, and what becomes of what it writes there. */
export interface Stdio {
  readonly options: readonly (number | 'ignore' | 'pipe')[];
  /** The program runs; these are the pipes that were asked for, by descriptor. */
  attach(pipes: readonly (Readable | null)[]): void;
  /** Nothing of the tree is left, or it was never started: resolves when all that was written has been delivered. */
  drain(): Promise<void>;
}

export interface StdioPorts {
  readonly clock: Clock;
  readonly log: Log;
}

export type OpenStdio = (spec: SpawnSpec, ports: StdioPorts) => Stdio;

/** Pipes of the program that are read right here. */
export function openPipes(spec: SpawnSpec, ports: StdioPorts): Stdio {
  let pipes: readonly Pumped[] = [];
  const input = openInput(spec.stdin);
  return {
    options: [input.option, ...descriptors(spec).slice(1)],
    attach(opened) {
      input.close();
      pipes = (['stdout', 'stderr'] as const).flatMap((name, index) => {
        const stream = opened[index + 1];
        if (stream == null) return [];
        return pump(
          (take) => stream.on('data', take),
          (chunk) => spec.onOutput(name, chunk),
          ports,
        );
      });
      const notices = spec.noticeFd === undefined ? null : opened[spec.noticeFd];
      notices?.on('error', () => {}).on('data', (chunk: Buffer) => spec.onNotice?.(chunk));
    },
    async drain() {
      input.close();
      await Promise.all(pipes.map((pipe) => pipe.finish()));
    },
  };
}

/** The file that a program reads, until it has it; nothing where none is named. */
export function openInput(path: string | undefined): { readonly option: number | 'ignore'; close(): void } {
  let fd = path === undefined ? null : openSync(path, 'r');
  return {
    option: fd ?? 'ignore',
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function descriptors({ noticeFd }: SpawnSpec): ('ignore' | 'pipe')[] {
  const options: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe'];
  if (noticeFd === undefined) return options;
  while (options.length < noticeFd) options.push('ignore');
  options[noticeFd] = 'pipe';
  return options;
}
