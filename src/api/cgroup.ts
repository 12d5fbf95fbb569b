import { notLoaded } from '../engine/names.ts';
import { MusterError } from '../model/error.ts';
import type { CgroupSpec } from '../model/fields/cgroup.ts';
import type { Spec } from '../model/fields/table.ts';
import { formatVersion } from '../model/plan.ts';
import type { Handlers } from './call.ts';
import { shown } from './shown.ts';

/** The cgroup of one module: all of it, or one interface file. */
export const cgroupHandlers: Pick<Handlers, 'cgroup'> = {
  async cgroup({ name, key, value }, _call, { engine, cgroups, mask }) {
    const { instances } = engine.context.ports;
    const loaded = instances.get(name);
    if (loaded === undefined) throw notLoaded(name, instances.snapshot());
    const folder = instances.cgroup(name);
    const containment = instances.view(name)?.containment ?? null;
    if (folder === null) throw hasNone(name, loaded.spec, containment);
    if (key === undefined) {
      if (value !== undefined) throw new MusterError('EINVAL', 'a value is written to an interface file: say to which (key)');
      const { settings, statistics } = cgroups.describe(folder, limitsOf(loaded.spec));
      return { formatVersion, name, path: folder, containment, settings: shown(settings, mask) as Record<string, unknown>, statistics };
    }
    return { key, value: value === undefined ? cgroups.get(folder, key) : cgroups.set(folder, key, value) };
  },
};

function limitsOf(spec: Spec): CgroupSpec | undefined {
  return 'cgroup' in spec ? spec.cgroup : undefined;
}

function hasNone(name: string, spec: Spec, containment: string | null): MusterError {
  const isThread = 'isolation' in spec && spec.isolation !== 'process';
  const hint = isThread
    ? 'It is a thread of a runner; with isolation: process it has a process, and so a cgroup, of its own.'
    : 'muster status tells by what modules are contained here.';
  return new MusterError(
    'ENOTSUP',
    `${name} has no cgroup of its own${containment === null ? '' : `: it is contained by ${containment}`}`,
    { hint },
  );
}
