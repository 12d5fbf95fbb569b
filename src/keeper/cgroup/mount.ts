/** Where the cgroup v2 tree is, and which part of it can be seen there. */
export interface Mount {
  readonly point: string;
  /** The cgroup that is seen at the mount point, as /proc/PID/cgroup names it. */
  readonly root: string;
}

/** The first mount of type cgroup2 in the text of /proc/self/mountinfo; on hybrid hosts it stands beside those of v1. */
export function mountOf(mountinfo: string): Mount | null {
  for (const line of mountinfo.split('\n')) {
    // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS
    const [mount, type] = line.split(' - ');
    const [, , , root, point] = mount?.split(' ') ?? [];
    if (root === undefined || point === undefined || type?.startsWith('cgroup2 ') !== true) continue;
    return { point: unescaped(point), root: unescaped(root) };
  }
  return null;
}

/** Folder of the cgroup that the text of /proc/self/cgroup names; null where it cannot be seen below the mount. */
export function folderOf({ point, root }: Mount, procCgroup: string): string | null {
  const own = /^0::(\/.*)$/m.exec(procCgroup)?.[1]?.replace(/ \(deleted\)$/, '');
  if (own === undefined) return null;
  const below = root === '/' ? own : own === root ? '/' : own.startsWith(`${root}/`) ? own.slice(root.length) : null;
  if (below === null || below.split('/').includes('..')) return null;
  return below === '/' ? point : `${point}${below}`;
}

/** Controllers that are mounted as v1 and so are missing in v2, each with its mount point. */
export function legacyControllers(mountinfo: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const [mount, type] = line.split(' - ');
    const point = mount?.split(' ')[4];
    const [kind, , options] = type?.split(' ') ?? [];
    if (kind !== 'cgroup' || point === undefined) continue;
    for (const option of options?.split(',') ?? []) if (option !== 'rw' && option !== 'ro') found.set(option, unescaped(point));
  }
  return found;
}

/** Blanks and the like are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
