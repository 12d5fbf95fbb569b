import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createKeeper } from '../../../src/keeper/local.ts';
import type { Keeper, Lease, SpawnSpec } from '../../../src/model/keeper.ts';
import type { Clock, Log } from '../../../src/model/ports.ts';

export const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface Recorded {
  readonly keeper: Keeper;
  /** `begin ID`, `started ID`, `ended ID` in their order. */
  readonly journal: string[];
  /** What a daemon that died now would find in its journal. */
  readonly open: Map<string, Lease>;
}

/** A keeper that ends all it started when the test is over. */
export function keeper(): Recorded {
  const journal: string[] = [];
  const open = new Map<string, Lease>();
  const keeper = createKeeper({
    owner: 'test/',
    clock,
    log: silent,
    leases: {
      async begin(lease) {
        await Promise.resolve();
        journal.push(`begin ${lease.id}`);
        open.set(lease.id, lease);
      },
      started(lease) {
        journal.push(`started ${lease.id}`);
        open.set(lease.id, lease);
      },
      ended(id) {
        journal.push(`ended ${id}`);
        open.delete(id);
      },
    },
  });
  onTestFinished(() => keeper.dispose());
  return { keeper, journal, open };
}

let count = 0;

/** A spec with its output gathered as text. */
export function spec(argv: string[], more: Partial<SpawnSpec> = {}): SpawnSpec & { output(): string } {
  const chunks: Uint8Array[] = [];
  count += 1;
  return {
    lease: `test-${process.pid}-${count}`,
    name: 'web',
    argv,
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '' },
    onOutput: (_stream, chunk) => void chunks.push(Buffer.from(chunk)),
    ...more,
    output: () => Buffer.concat(chunks).toString(),
  };
}

export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-keeper-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Whether a process runs; dead ones that nobody has reaped do not. */
export async function runs(pid: number): Promise<boolean> {
  const { statOf } = await import('../../../src/keeper/proc.ts');
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
