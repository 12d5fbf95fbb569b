import { notLoaded } from '../engine/names.ts';
import type { ApiPorts } from './call.ts';

/** The loaded module of that name, else the one that has the service of that name. Throws ENOENT for what is neither. */
export function loadedName(name: string, { engine }: ApiPorts): string {
  const { instances } = engine.context.ports;
  if (instances.get(name) !== undefined) return name;
  const holder = instances.views().find(({ services }) => services.includes(name));
  if (holder === undefined) throw notLoaded(name, instances.snapshot());
  return holder.name;
}
