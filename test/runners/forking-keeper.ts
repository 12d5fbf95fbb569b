import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Keeper, ProcessExit } from '../../src/model/keeper.ts';

/** The least that a runner needs of a keeper: a process with a channel. */
export function forkingKeeper(): Keeper {
  const all = new Set<() => Promise<void>>();
  return {
    async spawn({ argv, cwd, env, onOutput, onMessage }) {
      const execArgv = argv.slice(1, -1);
      const child = fork(argv.at(-1) ?? '', { execArgv, cwd, env: { ...env }, serialization: 'advanced', silent: true, detached: true });
      child.stdout?.on('data', (chunk: Uint8Array) => onOutput('stdout', chunk));
      child.stderr?.on('data', (chunk: Uint8Array) => onOutput('stderr', chunk));
      child.on('message', (message) => onMessage?.(message));
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
        send(message, sent = () => {}) {
          if (child.connected) return child.send(message as object, () => sent());
          sent();
          return true;
        },
      };
    },
    sweep: async () => [],
    async dispose() {
      await Promise.all([...all].map((killTree) => killTree()));
    },
  };
}
