import type { ModuleView } from '../model/documents.ts';
import type { Kind, Spec } from '../model/fields/table.ts';
import type { IsolationOf } from '../model/plan.ts';
import type { Inspect } from './inspect.ts';
import type { Instance } from './instance.ts';
import { isHealthy } from './lifecycle.ts';
import { fileOf } from './record.ts';
import { requiredNames } from './requires.ts';

export interface ViewContext {
  readonly now: number;
  readonly inspect: Inspect;
  readonly requiredBy: readonly string[];
  isRunning(name: string): boolean;
}

/** One row of `list --json`. Holds are not known here; who serves the API fills them in. */
export function viewOf(instance: Instance, { now, inspect, requiredBy, isRunning }: ViewContext): ModuleView {
  const { name, state, failed, run, restarts, status, lastExit } = instance;
  const { kind, spec, path, codeDigest, origin, generation, source } = instance.loaded();
  const file = inspect(fileOf(path, spec, instance.target));
  const requires = requiredNames(spec).sort();
  return {
    name,
    kind,
    isolation: isolationOf(kind, spec),
    state,
    failed,
    size: file?.size ?? null,
    digest: file?.sha1 ?? null,
    codeDigest,
    stale: kind === 'command' && run !== null && (file?.changedAt ?? 0) > run.startedAt,
    idle: Math.max(0, Math.floor((now - instance.activeAt()) / 1000)),
    queued: 0,
    services: [],
    service: null,
    path,
    pid: run?.launched.pid() ?? null,
    threadId: run?.launched.threadId() ?? null,
    restarts,
    origin,
    generation,
    since: new Date(instance.since).toISOString(),
    startedAt: instance.startedAt === null ? null : new Date(instance.startedAt).toISOString(),
    status: { ...status.value },
    healthy: isHealthy(state, failed),
    lastExit,
    held: null,
    containment: run?.launched.containment() ?? null,
    requires,
    requiredBy: [...requiredBy],
    waitingFor: requires.filter((needed) => !isRunning(needed)),
    declaredAt: source,
  };
}

function isolationOf(kind: Kind, spec: Spec): IsolationOf {
  if (kind === 'command') return null;
  return 'isolation' in spec ? spec.isolation : 'thread';
}
