import type { ModuleView } from '../../src/model/documents.ts';

/** What stays equal of modules that nobody touched, to compare before and after. */
export function identities(modules: readonly ModuleView[]): unknown[] {
  return modules.map(({ name, state, pid, threadId, since, startedAt, restarts }) => ({
    name,
    state,
    pid,
    threadId,
    since,
    startedAt,
    restarts,
  }));
}
