import { setImmediate } from 'node:timers/promises';
import { holdsNow } from '../engine/context.ts';
import type { ModuleView } from '../model/documents.ts';
import type { MetricsDoc, ModuleMetrics, RunnerMetrics } from '../model/metrics.ts';
import { formatVersion } from '../model/plan.ts';
import type { ApiPorts, Handlers } from './call.ts';

/** Modules between two turns of the event loop: those with a cgroup take some 30 us each. */
const sliceSize = 32;

/** What is counted; cheap with a thousand modules, and no module is asked. */
export const metricsHandlers: Pick<Handlers, 'metrics'> = {
  async metrics(_params, _call, ports): Promise<MetricsDoc> {
    const { context } = ports.engine;
    const { instances, clock } = context.ports;
    await instances.refresh({ figures: true });
    const views = instances.views();
    const held = new Set(holdsNow(context).map(({ name }) => name));
    const modules: ModuleMetrics[] = [];
    for (const [index, view] of views.entries()) {
      if (index % sliceSize === sliceSize - 1) await setImmediate();
      modules.push(moduleMetrics(view, held.has(view.name) || held.has('*'), ports));
    }
    return {
      formatVersion,
      at: new Date(clock.now()).toISOString(),
      daemon: ports.processFigures(ports.pid),
      runners: runnersOf(views, ports),
      ...instances.durations(),
      reconciles: Object.fromEntries([...context.reconciles].sort()),
      modules,
    };
  },
};

function moduleMetrics(view: ModuleView, held: boolean, { engine, processFigures, cgroupFigures }: ApiPorts): ModuleMetrics {
  const { instances } = engine.context.ports;
  const { name, kind, isolation, host, service, origin, generation, state, failed, healthy, status } = view;
  const { idle, queued, restarts, since, startedAt, pid } = view;
  const shown = { name, kind, isolation, host, service, origin, generation, state, failed, healthy, held, status };
  const figures = { ...shown, idle, queued, restarts, since, startedAt, ...instances.figures(name) };
  if (pid === null || !hasOwnProcess(view)) return figures;
  const folder = instances.cgroup(name);
  return { ...figures, ...processFigures(pid), ...(folder === null ? {} : { cgroup: cgroupFigures(folder) }) };
}

function hasOwnProcess({ kind, isolation }: ModuleView): boolean {
  return kind === 'command' || isolation === 'process';
}

/** The processes in which threads live. */
function runnersOf(views: readonly ModuleView[], { processFigures }: ApiPorts): RunnerMetrics[] {
  const counts = new Map<number, number>();
  for (const view of views) if (view.pid !== null && !hasOwnProcess(view)) counts.set(view.pid, (counts.get(view.pid) ?? 0) + 1);
  return [...counts].sort().flatMap(([pid, modules]) => {
    const figures = processFigures(pid);
    return figures === null ? [] : [{ pid, modules, ...figures }];
  });
}
