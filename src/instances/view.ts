import type { ServicesPort } from '../model/bus.ts';
import type { ModuleView } from '../model/documents.ts';
import type { Kind, Spec } from '../model/fields/table.ts';
import type { IsolationOf } from '../model/plan.ts';
import { waitsFor } from '../model/waits-for.ts';
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
  /** When it entered its state; null where nothing of that name is listed. */
  since(name: string): number | null;
}

/** One row of `list --json`. Holds are not known here; who serves the API fills them in. */
export function viewOf(instance: Instance, { now, inspect, needs, services, serves, since }: ViewContext): ModuleView {
  const { name, standing, run, restarts, status, lastExit } = instance;
  const { state, failed } = standing;
  const { kind, spec, path, version, codeDigest, origin, generation, source } = instance.loaded();
  const file = inspect(fileOf(path, spec, instance.target));
  const requires = [...needs.of(name)];
  const waitingFor = requires.filter((needed) => !serves(needed));
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
    status: state === 'R' ? disconnected(status.value, waitingFor, since) : { ...status.value },
    healthy: isHealthy(state, failed) && !status.complains,
    lastExit,
    held: null,
    containment: run?.launched.containment() ?? null,
    requires,
    requiredBy: [...needs.by(name)],
    waitingFor,
    declaredAt: source,
    ...(version === undefined ? {} : { version }),
    ...('package' in spec ? { package: spec.package, node: instance.target?.material.program?.node ?? null } : {}),
  };
}

/** One that runs without what it requires is disconnected, which is at least a warning. */
function disconnected(own: ModuleView['status'], waitingFor: readonly string[], since: ViewContext['since']): ModuleView['status'] {
  if (waitingFor.length === 0 || own.level === 'warn' || own.level === 'error') return { ...own };
  const known = waitingFor.map(since).filter((at) => at !== null);
  const message = waitsFor(waitingFor) + (own.message === '' ? '' : `; ${own.message}`);
  return { level: 'warn', message, since: known.length === 0 ? own.since : new Date(Math.max(...known)).toISOString() };
}

function isolationOf(kind: Kind, spec: Spec): IsolationOf {
  if (kind !== 'code') return null;
  return 'isolation' in spec ? spec.isolation : 'thread';
}
