import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { listenFor } from '../../src/keeper/listening.ts';
import type { Keeper, ProcessExit } from '../../src/model/keeper.ts';

/** The least that a runner needs of a keeper: a process with a socket to listen at. */
export function forkingKeeper(): Keeper {
  const all = new Set<() => Promise<void>>();
  return {
    async spawn({ argv: [file = '', ...args], cwd, env, listen, onOutput }) {
      const listening = listen === undefined ? null : await listenFor(listen);
      const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', listening === null ? 'ignore' : listening.fd];
      const child = spawn(file, args, { cwd, env: { ...env }, stdio, detached: true });
      listening?.close();
      child.stdout?.on('data', (chunk: Uint8Array) => onOutput('stdout', chunk));
      child.stderr?.on('data', (chunk: Uint8Array) => onOutput('stderr', chunk));
      child.on('error', () => {});
      const exited = new Promise<ProcessExit>((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
      await once(child, 'spawn');
      const killTree = async (): Promise<void> => {
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL');
        } catch {
          // Nothing of its group is left.
        }
        await exited;
      };
      all.add(killTree);
      return {
        pid: child.pid ?? 0,
        containment: 'processGroup',
        cgroup: null,
        startedAt: Date.now(),
        takenOver: false,
        limit: async () => {},
        keep() {},
        exited,
        signal: (signal) => void child.kill(signal as NodeJS.Signals),
        killTree,
      };
    },
    sweep: async () => [],
    async dispose() {
      await Promise.all([...all].map((killTree) => killTree()));
    },
  };
}
