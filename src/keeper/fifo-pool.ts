import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MusterError } from '../model/error.ts';
import { findTool } from './tools.ts';

/** Named pipes for the output of programs, made in batches and used again. */
export interface FifoPool {
  readonly dir: string;
  /** Names of some that nobody else has; rejects where none can be made. */
  take(count: number): Promise<string[]>;
  /** They are empty and nobody has them open. */
  give(names: readonly string[]): void;
  /** Somebody may still have them open. */
  drop(names: readonly string[]): void;
  /** Removes what an earlier keeper left, but for these. */
  clear(inUse: ReadonlySet<string>): void;
}

const firstBatch = 16;
const largestBatch = 128;

/** `mkfifo`: the program, for Node cannot make any. */
export function createFifoPool(dir: string, { mkfifo }: { mkfifo?: string } = {}): FifoPool {
  const free: string[] = [];
  const prefix = randomUUID().slice(0, 8);
  let count = 0;
  let batch = firstBatch;
  let making: Promise<void> | null = null;

  return {
    dir,
    async take(wanted) {
      for (;;) {
        while (free.length < wanted) {
          making ??= make().finally(() => (making = null));
          await making;
        }
        const taken = free.splice(-wanted, wanted);
        const there = taken.filter((name) => existsSync(join(dir, name)));
        if (there.length === wanted) return taken;
        // Some were removed by somebody: others take their place.
        free.push(...there);
      }
    },
    give: (names) => void free.push(...names),
    drop: remove,
    clear(inUse) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      remove(readdirSync(dir).filter((name) => !inUse.has(name)));
    },
  };

  function remove(names: readonly string[]): void {
    for (const name of names) rmSync(join(dir, name), { force: true });
  }

  async function make(): Promise<void> {
    const names = Array.from({ length: batch }, () => `${prefix}-${++count}`);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    await run(mkfifo ?? findTool('mkfifo') ?? 'mkfifo', ['-m', '600', ...names], dir);
    free.push(...names);
    batch = Math.min(batch * 2, largestBatch);
  }
}

function run(program: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.once('error', (error: NodeJS.ErrnoException) => reject(cannotRun(error, program)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new MusterError('EIO', `no pipes for output can be made in ${cwd}: ${complaint.trim() || (signal ?? code)}`));
    });
  });
}

function cannotRun(error: NodeJS.ErrnoException, program: string): MusterError {
  const hint = 'Install coreutils (or busybox), and see that it is on the PATH of the daemon.';
  return new MusterError('ENOENT', `the program ${program} cannot be run (${error.code}); it is needed for the output of commands`, {
    cause: error,
    hint,
  });
}
