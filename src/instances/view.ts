import type { ServicesPort } from '../model/bus.ts';
import type { ModuleView } from '../model/documents.ts';
import type { Kind, Spec } from '../model/fields/table.ts';
import type { IsolationOf } from '../model/plan.ts';
import type { Inspect } from './inspect.ts';
import type { Instance } from './instance.ts';
import { isHealthy } from './lifecycle.ts';
import { fileOf } from './record.ts';
import type { Needs } from './requires.ts';

export interface ViewContext {
  readonly now: number;
  readonly inspect: Inspect;
  readonly needs: Needs;
  readonly services: Pick<ServicesPort, 'services' | 'waiting'>;
  /** Whether it is there for those that require it: running, or finished. */
  serves(name: string): boolean;
}

/** One row of `list --json`. Holds are not known here; who serves the API fills them in. */
export function viewOf(instance: Instance, { now, inspect, needs, services, serves }: ViewContext): ModuleView {
  const { name, standing, run, restarts, status, lastExit } = instance;
  const { state, failed } = standing;
  const { kind, spec, path, codeDigest, origin, generation, source } = instance.loaded();
  const file = inspect(fileOf(path, spec, instance.target));
  const requires = [...needs.of(name)];
  return {
    name,
    kind,
    isolation: isolationOf(kind, spec),
    state,
    failed,
    finished: standing.finished !== null,
    size: file?.size ?? null,
    digest: file?.sha1 ?? null,
    codeDigest,
    stale: kind === 'command' && run !== null && (file?.changedAt ?? 0) > run.startedAt,
    idle: Math.max(0, Math.floor((now - instance.activeAt()) / 1000)),
    queued: (run?.launched.queued() ?? 0) + services.waiting(name),
    services: [...services.services(name)],
    service: spec.service === undefined || spec.service === 'none' ? null : spec.service,
    host: spec.host ?? null,
    path,
    pid: run?.launched.pid() ?? null,
    threadId: run?.launched.threadId() ?? null,
    restarts: restarts.count,
    origin,
    generation,
    since: new Date(standing.since).toISOString(),
    startedAt: instance.startedAt === null ? null : new Date(instance.startedAt).toISOString(),
    status: { ...status.value },
    healthy: isHealthy(state, failed) && !status.complains,
    lastExit,
    held: null,
    containment: run?.launched.containment() ?? null,
    requires,
    requiredBy: [...needs.by(name)],
    waitingFor: requires.filter((needed) => !serves(needed)),
    declaredAt: source,
  };
}

function isolationOf(kind: Kind, spec: Spec): IsolationOf {
  if (kind === 'command') return null;
  return 'isolation' in spec ? spec.isolation : 'thread';
}
