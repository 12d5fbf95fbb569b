import type { Clock } from '../../model/ports.ts';
import type { Executor, ExecutorFor } from '../execute.ts';
import { findTool } from '../tools.ts';
import { createExecutor } from './executor/executor.ts';
import { type ForkServer, startForkServer } from './fork-server/fork-server.ts';
import type { Guarded, Sentinel } from './sentinel.ts';

export interface ExecutorsOptions {
  /** The built thread. */
  readonly threadFile: string;
  /** Of the keeper itself. */
  readonly lease: string;
  readonly clock: Clock;
  /** A fork server that is stopped does not notice that its keeper is gone. */
  readonly sentinel: Pick<Sentinel, 'runs' | 'gone'>;
}

export interface Executors {
  readonly executorFor: ExecutorFor;
  /** Resolves when nobody who has been started hangs. */
  answers(): Promise<void>;
  dispose(): void;
}

/** Programs are executed by the fork server where there can be one, else, and with sockets, by a thread. Each starts when it is needed. */
export function createExecutors({ threadFile, lease, clock, sentinel }: ExecutorsOptions): Executors {
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
    server ??= perl === null ? Promise.resolve(null) : start(perl);
    return server;
  }

  function start(perl: string): Promise<ForkServer | null> {
    let guarded: Guarded | null = null;
    return startForkServer({
      ...{ perl, lease, clock },
      born(pid) {
        guarded = { id: 'fork server', pid, cgroup: null, kept: null };
        sentinel.runs(guarded);
      },
      lost() {
        server = null;
        if (guarded !== null) sentinel.gone(guarded);
      },
    });
  }
}
