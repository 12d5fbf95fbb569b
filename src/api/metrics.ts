import { holdsNow } from '../engine/context.ts';
import type { ModuleView } from '../model/documents.ts';
import type { ModuleMetrics } from '../model/metrics.ts';
import { formatVersion } from '../model/plan.ts';
import type { ApiPorts, Handlers } from './call.ts';

/** What is counted; cheap with a thousand modules, and no module is asked. */
export const metricsHandlers: Pick<Handlers, 'metrics'> = {
  async metrics(_params, _call, ports) {
    const { context } = ports.engine;
    const { instances, clock } = context.ports;
    await instances.refresh({ figures: true });
    const held = new Set(holdsNow(context).map(({ name }) => name));
    return {
      formatVersion,
      at: new Date(clock.now()).toISOString(),
      ...instances.durations(),
      reconciles: Object.fromEntries([...context.reconciles].sort()),
      modules: instances.views().map((view) => moduleMetrics(view, held.has(view.name) || held.has('*'), ports)),
    };
  },
};

function moduleMetrics(view: ModuleView, held: boolean, { engine }: ApiPorts): ModuleMetrics {
  const { instances } = engine.context.ports;
  const { name, kind, isolation, host, service, origin, generation, state, failed, healthy, status } = view;
  const { pid, idle, queued, restarts, since, startedAt } = view;
  const cgroup = pid === null ? null : instances.cgroup(name);
  const shown = { name, kind, isolation, host, service, origin, generation, state, failed, healthy, held, status };
  return { ...shown, pid, cgroup, idle, queued, restarts, since, startedAt, ...instances.figures(name) };
}
