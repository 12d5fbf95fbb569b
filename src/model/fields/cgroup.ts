import * as z from 'zod/mini';
import { formatSize } from '../units.ts';
import { count, field, flag, percent, size } from './kit.ts';

/** Bytes, a share of the machine's memory such as `50%`, or `max`. */
const memory = z.union([z.literal('max'), percent, size], { error: 'expected a size such as 256M, a percentage such as 50%, or max' });
const weight = count(1).check(z.refine((value) => value <= 10_000, { error: 'expected a weight from 1 to 10000' }));
const list = z.string().check(z.regex(/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/, { error: 'expected numbers and ranges, such as 0-1,3' }));
/** A share of one processor (`150%` is one and a half), `QUOTA PERIOD` in µs, or `max`. */
const cpu = z.string().check(
  z.regex(/^(?:max|\d+(?:\.\d+)?%|(?:max|\d+) \d+)$/, {
    error: 'expected a percentage of one processor such as 50%, or QUOTA PERIOD in µs',
  }),
);
const file = z.string().check(z.regex(/^[a-z0-9_]+(?:\.[A-Za-z0-9_]+)+$/, { error: 'expected an interface file such as io.max' }));

/** Beginnings of the names of interface files: no folder beside those may have such a name. */
const controllers = new Set('cgroup cpu cpuset io memory hugetlb pids rdma misc perf_event dmem irq debug'.split(' '));

export function isInterfaceName(name: string): boolean {
  const [first = '', ...rest] = name.split('.');
  return rest.length > 0 && controllers.has(first);
}

/** Why a path leads elsewhere than down from where it starts; null if it does not. */
export function pathProblem(path: string): string | null {
  const isBad = (part: string): boolean => ['', '.', '..'].includes(part) || /[\n\0]/.test(part) || isInterfaceName(part);
  const bad = path.split('/').find(isBad);
  if (bad === undefined) return null;
  if (bad !== '') return `has the part ${JSON.stringify(bad)}`;
  return path.startsWith('/') ? 'is absolute' : 'has an empty part';
}

const folder = z
  .string()
  .check(z.refine((path) => pathProblem(path) === null, { error: ({ input }) => `${input} ${pathProblem(String(input))}` }));

const limits = {
  memoryMax: z.optional(memory),
  memoryHigh: z.optional(memory),
  memoryMin: z.optional(memory),
  memoryLow: z.optional(memory),
  memorySwapMax: z.optional(memory),
  memoryOomGroup: z.optional(flag),
  cpuMax: z.optional(cpu),
  cpuWeight: z.optional(weight),
  cpuIdle: z.optional(flag),
  pidsMax: z.optional(z.union([z.literal('max'), count(1)])),
  ioWeight: z.optional(weight),
  cpusetCpus: z.optional(list),
  cpusetMems: z.optional(list),
};

export type LimitKey = keyof typeof limits;

/** Of every key that has a file of its own. */
export const limitFiles: Readonly<Record<LimitKey, string>> = {
  memoryMax: 'memory.max',
  memoryHigh: 'memory.high',
  memoryMin: 'memory.min',
  memoryLow: 'memory.low',
  memorySwapMax: 'memory.swap.max',
  memoryOomGroup: 'memory.oom.group',
  cpuMax: 'cpu.max',
  cpuWeight: 'cpu.weight',
  cpuIdle: 'cpu.idle',
  pidsMax: 'pids.max',
  ioWeight: 'io.weight',
  cpusetCpus: 'cpuset.cpus',
  cpusetMems: 'cpuset.mems',
};

/** What would undo the containment instead of limiting something, or cannot be read back. */
const noLimits = new Set(['cgroup.procs', 'cgroup.threads', 'cgroup.kill', 'cgroup.type', 'cgroup.subtree_control']);

const rawFile = file.check(
  z.refine((name) => !noLimits.has(name), { error: ({ input }) => `${input} is no limit: muster itself writes to it` }),
);

/** Limits of a cgroup v2 (cgroup-v2.rst of the kernel), each key the interface file in camelCase. */
const keys = z.strictObject({
  ...limits,
  /** Below the mount, or below the daemon's own cgroup where that is delegated to it. */
  base: z._default(folder, 'muster'),
  /** Instead of a folder named by daemon and module: relative to `base`. */
  path: z._default(z.nullable(folder), null),
  raw: z._default(z.record(rawFile, z.string()), {}),
});

export const cgroup = keys.check((context) => {
  for (const [key, name] of Object.entries(limitFiles) as [LimitKey, string][]) {
    if (context.value[key] === undefined || !(name in context.value.raw)) continue;
    context.issues.push({ code: 'custom', input: context.value, path: ['raw', name], message: `${key} says already what is in ${name}` });
  }
});

export type CgroupSpec = z.output<typeof cgroup>;

/** Of all that have a process of their own. */
export const cgroupFields = {
  containment: field({
    schema: z._default(z.enum(['auto', 'cgroup']), 'auto'),
    change: 'reload',
    applies: 'keeper',
    doc: 'By what the process and all that it starts are held together: a cgroup wherever one can be made (`auto`), or (`cgroup`) refuse to run without one.',
  }),
  cgroup: field({
    schema: z.optional(cgroup),
    change: 'live',
    applies: 'keeper',
    doc: 'Limits of its cgroup v2, and where that is. Limits change while it runs.',
    show: showCgroup,
    fixed: cgroupPlace,
  }),
};

/** Where it is does not change while it is in use. */
export function cgroupPlace(spec: CgroupSpec | undefined): readonly [base: string, path: string | null] {
  return [spec?.base ?? 'muster', spec?.path ?? null];
}

/** As it is written: sizes with their units, and without what stands for itself. */
export function showCgroup({ base, path, raw, ...limits }: CgroupSpec): string {
  const sized = Object.entries(limits).map(([key, value]) => [
    key,
    key.startsWith('memory') && typeof value === 'number' ? formatSize(value) : value,
  ]);
  return JSON.stringify({
    ...Object.fromEntries(sized),
    ...(base === 'muster' ? {} : { base }),
    ...(path === null ? {} : { path }),
    ...(Object.keys(raw).length === 0 ? {} : { raw }),
  });
}
