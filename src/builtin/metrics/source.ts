import type { Context } from '../../model/context.ts';
import type { MetricsDoc } from '../../model/metrics.ts';
import type { StatusDoc } from '../../model/status-doc.ts';
import { lookAtProcesses, type Processes } from './processes.ts';

/** Longer than this nobody who checks waits either. */
const timeout = 10_000;

export interface Source {
  /** Whether the daemon answers at all. Rejects if not. */
  ping(): Promise<unknown>;
  status(): Promise<StatusDoc>;
  figures(): Promise<MetricsDoc>;
  /** Of all of these, as they were at about the same time. */
  everything(): Promise<Everything>;
}

export interface Everything {
  readonly status: StatusDoc;
  readonly figures: MetricsDoc;
  readonly processes: Processes;
}

/** What the daemon says. However many ask at a time, it is asked once, and nobody gets what was true before he asked. */
export function createSource(ctx: Pick<Context, 'request'>): Source {
  const ask = <R>(method: string) => joined(() => ctx.request<R>(`muster.${method}`, {}, { timeout }));
  const [status, figures] = [ask<StatusDoc>('status'), ask<MetricsDoc>('metrics')];
  const everything = joined(async () => {
    const found = { status: await status(), figures: await figures() };
    return { ...found, processes: await lookAtProcesses(found.figures, found.status.pid) };
  });
  return { ping: ask('ping'), status, figures, everything };
}

/** Calls that come while one is under way share the next one. */
export function joined<R>(ask: () => Promise<R>): () => Promise<R> {
  let current: Promise<R> | null = null;
  let next: Promise<R> | null = null;

  function begin(): Promise<R> {
    next = null;
    const mine = ask().finally(() => {
      if (current === mine) current = null;
    });
    current = mine;
    return mine;
  }

  return () => {
    if (current === null) return begin();
    next ??= current.then(begin, begin);
    return next;
  };
}
