import { spawn } from 'node:child_process';
import { cli, type Place, type Ran } from './place.ts';

/** A command that goes on until it is interrupted. */
export interface Running extends AsyncDisposable {
  stdout(): string;
  stderr(): string;
  /** Interrupts it, as Ctrl-C does, and waits for its end. */
  end(): Promise<Ran>;
}

export function startRunning({ dir, stateDir }: Pick<Place, 'dir' | 'stateDir'>, ...args: string[]): Running {
  const { MUSTER_CONFIG, MUSTER_DAEMON, NODE_OPTIONS, VITEST, NODE_ENV, ...base } = process.env;
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: dir,
    env: { ...base, MUSTER_STATE_DIR: stateDir, TMPDIR: dir, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const running: Running = {
    stdout: () => stdout,
    stderr: () => stderr,
    end() {
      child.kill('SIGINT');
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await running.end();
    },
  };
  return running;
}
