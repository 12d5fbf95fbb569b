import { holdsNow } from '../engine/context.ts';
import { explain } from '../engine/explain.ts';
import { exportState } from '../engine/export.ts';
import { waitUntilSettled } from '../engine/health.ts';
import { holdDoc } from '../engine/holds.ts';
import { driftPlan } from '../engine/reconcile.ts';
import type { ModuleView } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { byName } from '../model/name.ts';
import { formatVersion } from '../model/plan.ts';
import { didYouMean } from '../model/suggest.ts';
import type { ApiPorts, Handlers } from './call.ts';
import { infoOf } from './info.ts';

/** Methods that only look. */
export const viewHandlers: Pick<Handlers, 'ping' | 'status' | 'list' | 'info' | 'explain' | 'drift' | 'export'> = {
  ping: (_params, _call, { pid, version }) => ({ pid, version }),

  async status({ wait, timeout }, { signal }, { status, engine }) {
    if (wait === undefined) return status.status();
    const missing = await waitUntilSettled({ failing: () => status.failing(wait), timeout, signal }, engine.context);
    return { ...(await status.status()), waited: missing.length === 0 };
  },

  async list({ service }, _call, ports) {
    const modules = [...(await views(ports))].sort(byName);
    if (service === undefined) return { formatVersion, modules };
    if (service === daemonService) return { formatVersion, modules: modules.filter((view) => view.service === null) };
    const names = new Set(modules.flatMap(({ name, services }) => [name, ...services]));
    if (!names.has(service)) throw noService(service, names);
    return { formatVersion, modules: modules.filter((view) => view.service === service || isComponentOf(service, view)) };
  },

  info: async ({ target }, _call, ports) => infoOf(target, await views(ports), ports),

  explain: ({ name }, _call, { engine }) => explain(name, engine.context),

  drift: async (_params, _call, { engine }) => driftPlan(engine.context),

  async export({ parts }, call, { engine }) {
    const { modules, ...state } = exportState(engine.context);
    if (parts !== true) return { ...state, modules };
    for (let at = 0; at < modules.length; at += modulesInPart) await call.part(modules.slice(at, at + modulesInPart));
    return { ...state, modules: [] };
  },
};

/** A spec has some kilobytes, seldom more. */
const modulesInPart = 200;

/** A host is named like a service: what stands below it are its components. */
function isComponentOf(host: string, view: ModuleView): boolean {
  return view.host === host && view.name !== host;
}

/** Who loads a module that no other service loads. */
const daemonService = 'muster';

function noService(service: string, names: ReadonlySet<string>): MusterError {
  const near = didYouMean(service, names);
  return new MusterError('ENOSYS', `no service "${service}"${near === undefined ? '' : `; ${near}?`}`, {
    hint: 'muster list shows what there is',
  });
}

async function views({ engine, refreshFacts }: ApiPorts): Promise<ModuleView[]> {
  const { context } = engine;
  // Whose facts are known is known only of what was once viewed.
  context.ports.instances.views();
  await Promise.all([refreshFacts(), context.ports.instances.refresh()]);
  const holds = holdsNow(context).map(holdDoc);
  const all = holds.find((hold) => hold.name === '*');
  const declared = context.outcome?.ok === true ? context.outcome.wanted.desired : null;
  return context.ports.instances.views().map((view) => ({
    ...view,
    held: holds.find((hold) => hold.name === view.name) ?? all ?? null,
    declaredAt: declared?.get(view.name)?.source ?? view.declaredAt,
  }));
}
