import { MusterError } from '../model/error.ts';
import type { SpawnSpec } from '../model/keeper.ts';
import { heldByCgroup, makeCgroup } from './cgroup/contain.ts';
import { type Containment, type ContainmentPorts, containByGroup, hasLimits } from './containment.ts';

/** By a cgroup wherever one can be made, if one is wished for; else by a process group, unless a cgroup is indispensable. */
export function contain(spec: SpawnSpec, ports: ContainmentPorts): Containment {
  if (spec.containment === undefined) return containByGroup(spec, ports);
  const made = makeCgroup(spec);
  if ('folder' in made) return heldByCgroup(made.folder, spec, ports);
  const limited = hasLimits(spec.cgroup);
  if (spec.containment === 'auto' && !limited) return containByGroup(spec, ports);
  const why = limited ? 'its limits need one' : '`containment: cgroup` asks for one';
  throw new MusterError('ENOTSUP', `${spec.name} can have no cgroup, and ${why}: ${made.problem}`, { hint: made.hint });
}
