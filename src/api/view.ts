import { holdsNow } from '../engine/context.ts';
import { waitUntilSettled } from '../engine/health.ts';
import { holdDoc } from '../engine/holds.ts';
import { notLoaded } from '../engine/names.ts';
import { driftPlan } from '../engine/reconcile.ts';
import type { InfoDoc, ModuleView } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { byName } from '../model/name.ts';
import { formatVersion } from '../model/plan.ts';
import type { ApiPorts, Handlers } from './call.ts';

/** Methods that only look. */
export const viewHandlers: Pick<Handlers, 'ping' | 'status' | 'list' | 'info' | 'drift'> = {
  ping: async (_params, _call, { pid, version }) => ({ pid, version }),

  async status({ wait, timeout }, { signal }, { status, engine }) {
    if (wait === undefined) return status.status();
    const missing = await waitUntilSettled({ failing: () => status.failing(wait), timeout, signal }, engine.context);
    return { ...(await status.status()), waited: missing.length === 0 };
  },

  async list({ service }, _call, ports) {
    const modules = await views(ports);
    if (service === undefined) return { formatVersion, modules };
    if (!modules.some(({ name, services }) => name === service || services.includes(service))) {
      throw new MusterError('ENOSYS', `no service "${service}"`, { hint: 'muster list' });
    }
    return { formatVersion, modules: modules.filter((view) => view.service === service) };
  },

  async info({ target }, _call, ports) {
    const view = (await views(ports)).find((candidate) => candidate.name === target || candidate.path === target);
    return view === undefined ? infoOfPath(target, ports) : infoOfModule(view, ports);
  },

  drift: async (_params, _call, { engine }) => driftPlan(engine.context),
};

async function views({ engine, refreshFacts }: ApiPorts): Promise<ModuleView[]> {
  const { context } = engine;
  context.ports.instances.views();
  await refreshFacts();
  const holds = holdsNow(context).map(holdDoc);
  const all = holds.find((hold) => hold.name === '*');
  const declared = context.outcome?.ok === true ? context.outcome.wanted.desired : null;
  return context.ports.instances
    .views()
    .map((view) => ({
      ...view,
      held: holds.find((hold) => hold.name === view.name) ?? all ?? null,
      declaredAt: declared?.get(view.name)?.source ?? view.declaredAt,
    }))
    .sort(byName);
}

async function infoOfModule(view: ModuleView, ports: ApiPorts): Promise<InfoDoc> {
  const { instances } = ports.engine.context.ports;
  const isFile = view.kind === 'code' && view.path.startsWith('/');
  return {
    formatVersion,
    ...view,
    sha1: view.digest,
    exports: isFile ? await ports.exportsOf(view.path) : [],
    spec: instances.get(view.name)?.spec ?? null,
    output: instances.output(view.name),
  };
}

/** A module that is not loaded, by its path: what its file says. */
async function infoOfPath(path: string, ports: ApiPorts): Promise<InfoDoc> {
  const file = path.includes('/') ? await ports.inspect(path) : null;
  if (file === null) throw notLoaded(path, ports.engine.context.ports.instances.snapshot());
  const name = path.slice(path.lastIndexOf('/') + 1).split('.')[0] ?? path;
  return {
    formatVersion,
    name,
    path,
    kind: 'code',
    size: file.size,
    sha1: file.sha1,
    exports: await ports.exportsOf(path),
    spec: null,
    output: [],
  };
}
