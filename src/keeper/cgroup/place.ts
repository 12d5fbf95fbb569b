import { MusterError } from '../../model/error.ts';
import type { CgroupSpec } from '../../model/fields/cgroup.ts';

/** Beginnings of the names of interface files: no folder beside those may have such a name. */
const controllers = new Set('cgroup cpu cpuset io memory hugetlb pids rdma misc perf_event dmem irq debug'.split(' '));

/** The folder of a module relative to the root: its own words, or one named by daemon and module. */
export function placeOf(spec: Pick<CgroupSpec, 'base' | 'path'> | undefined, owner: string, name: string): string {
  const base = checked('base', spec?.base ?? 'muster');
  if (spec?.path != null) return `${base}/${checked('path', spec.path)}`;
  return `${base}/${folderName(owner.replaceAll('/', '~'))}/${folderName(name)}`;
}

/** A name of a module or runner, as a folder is called. */
export function folderName(name: string): string {
  return name.startsWith('_') || isTaken(name) ? `_${name}` : name;
}

/** Throws where a path from a config leads elsewhere than down. */
function checked(key: string, path: string): string {
  const segments = path.split('/');
  const bad = segments.find(
    (segment) => segment === '' || segment === '.' || segment === '..' || /[\n\0]/.test(segment) || isTaken(segment),
  );
  if (bad === undefined) return path;
  const why = bad === '' ? (path.startsWith('/') ? 'is absolute' : 'has an empty part') : `has the part ${JSON.stringify(bad)}`;
  throw new MusterError('EINVAL', `cgroup.${key} ${JSON.stringify(path)} ${why}`, {
    hint: 'Give a path below the folder in which muster makes its cgroups, such as muster or web/front.',
  });
}

function isTaken(name: string): boolean {
  const [first = '', ...rest] = name.split('.');
  return rest.length > 0 && controllers.has(first);
}
