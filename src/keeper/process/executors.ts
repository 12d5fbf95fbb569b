import type { Clock } from '../../model/ports.ts';
import type { Executor, ExecutorFor } from '../execute.ts';
import { findTool } from '../tools.ts';
import { createExecutor } from './executor/executor.ts';
import { type ForkServer, startForkServer } from './fork-server/fork-server.ts';

export interface ExecutorsOptions {
  /** The built thread. */
  readonly threadFile: string;
  /** Of the keeper itself. */
  readonly lease: string;
  readonly clock: Clock;
}

export interface Executors {
  readonly executorFor: ExecutorFor;
  /** Resolves when nobody who has been started hangs. */
  answers(): Promise<void>;
  dispose(): void;
}

/** Programs are executed by the fork server where there can be one, else, and with sockets, by a thread. Each starts when it is needed. */
export function createExecutors({ threadFile, lease, clock }: ExecutorsOptions): Executors {
  let thread: (Executor & { dispose(): void }) | null = null;
  let server: Promise<ForkServer | null> | null = null;

  return {
    async executorFor({ sockets }) {
      const forking = sockets ? null : await forkServer();
      if (forking !== null) return forking;
      thread ??= createExecutor(threadFile);
      return thread;
    },
    async answers() {
      await (await server)?.answers();
    },
    dispose() {
      thread?.dispose();
      void server?.then((there) => there?.dispose());
    },
  };

  function forkServer(): Promise<ForkServer | null> {
    const perl = findTool('perl');
    server ??= perl === null ? Promise.resolve(null) : startForkServer({ perl, lease, clock, lost: () => (server = null) });
    return server;
  }
}
