import { MusterError } from '../../model/error.ts';
import { type CgroupSpec, isInterfaceName, pathProblem } from '../../model/fields/cgroup.ts';

/** The folder of a module relative to the root: its own words, or one named by daemon and module. */
export function placeOf(spec: Pick<CgroupSpec, 'base' | 'path'> | undefined, owner: string, name: string): string {
  const base = checked('base', spec?.base ?? 'muster');
  if (spec?.path != null) return `${base}/${checked('path', spec.path)}`;
  return `${base}/${folderName(owner.replaceAll('/', '~'))}/${folderName(name)}`;
}

/** A name of a module or runner, as a folder is called. */
export function folderName(name: string): string {
  return name.startsWith('_') || isInterfaceName(name) ? `_${name}` : name;
}

/** What comes from a config was checked there; what comes from a program is checked here. */
function checked(key: string, path: string): string {
  const problem = pathProblem(path);
  if (problem === null) return path;
  throw new MusterError('EINVAL', `cgroup.${key} ${JSON.stringify(path)} ${problem}`, {
    hint: 'Give a path below the folder in which muster makes its cgroups, such as muster or web/front.',
  });
}
