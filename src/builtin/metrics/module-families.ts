import { type StatusLevel, statusLevels } from '../../model/documents.ts';
import type { ModuleMetrics } from '../../model/metrics.ts';
import { type State, states } from '../../model/module.ts';
import type { Family, Labels } from './exposition.ts';
import type { CgroupFigures, ProcessFigures } from './processes.ts';
import type { Everything } from './source.ts';

type Value = number | null | undefined;
/** What one family has of a module: a value, or several with further labels; null and undefined are left out. */
type Of = (module: ModuleMetrics, own: OwnFigures) => Value | readonly (readonly [Labels, Value])[];

/** What the system tells of its process and its cgroup. */
interface OwnFigures {
  readonly process: ProcessFigures | undefined;
  readonly cgroup: CgroupFigures | undefined;
}

interface Row {
  readonly name: string;
  readonly type: Family['type'];
  readonly help: string;
  readonly of: Of;
}

const numbers: Readonly<Record<StatusLevel, number>> = Object.fromEntries(statusLevels.map((level, index) => [level, index])) as Record<
  StatusLevel,
  number
>;

const rows: readonly Row[] = [
  {
    name: 'muster_module',
    type: 'info',
    help: 'What a module is.',
    of: ({ kind, isolation, origin, service }) => [[{ kind, isolation: isolation ?? '', origin, service: service ?? '' }, 1]],
  },
  {
    name: 'muster_module_state',
    type: 'gauge',
    help: '1 for the state that the module is in: I initializing, R running, F finalizing, E exited, B backing off, X failed.',
    of: (module) => [...states, 'X'].map((state) => [{ state }, Number(state === letterOf(module))]),
  },
  {
    name: 'muster_module_status',
    type: 'gauge',
    help: 'Level of what the module says of itself, or of what became of it: 0 core, 1 info, 2 warn, 3 error.',
    of: ({ status }) => numbers[status.level],
  },
  {
    name: 'muster_module_status_timestamp_seconds',
    type: 'gauge',
    help: 'When that was said.',
    of: ({ status }) => seconds(status.since),
  },
  { name: 'muster_module_healthy', type: 'gauge', help: 'Whether the module is healthy.', of: ({ healthy }) => Number(healthy) },
  { name: 'muster_module_held', type: 'gauge', help: 'Whether a hold keeps the module as it is.', of: ({ held }) => Number(held) },
  {
    name: 'muster_module_restarts',
    type: 'counter',
    help: 'Restarts by its policy since somebody last started it.',
    of: ({ restarts }) => restarts,
  },
  {
    name: 'muster_module_start_time_seconds',
    type: 'gauge',
    help: 'When this instance began.',
    of: ({ startedAt }) => (startedAt === null ? null : seconds(startedAt)),
  },
  {
    name: 'muster_module_idle_seconds',
    type: 'gauge',
    help: 'Since the module last sent a request or response; a command: since its last output.',
    of: ({ idle }) => idle,
  },
  {
    name: 'muster_module_queued_requests',
    type: 'gauge',
    help: 'Requests that the module has not begun with.',
    of: ({ queued }) => queued,
  },
  {
    name: 'muster_module_messages',
    type: 'counter',
    help: 'Messages that the module sent (tx) and received (rx).',
    of: ({ tx, rx }) => [...directed('tx', tx), ...directed('rx', rx)],
  },
  {
    name: 'muster_module_dropped_events',
    type: 'counter',
    help: 'Events that were dropped for the module, or from it.',
    of: ({ dropped }) => dropped,
  },
  {
    name: 'muster_module_monitor',
    type: 'gauge',
    help: 'A value that a package shows of itself, where it is a number.',
    of: ({ monitors }) =>
      Object.entries(monitors ?? {}).map(([monitor, { value, unit }]) => [{ monitor, unit: unit ?? '' }, numberIn(value)] as const),
  },
  { name: 'muster_module_output_bytes', type: 'counter', help: 'Output of a command.', of: ({ outputBytes }) => outputBytes },
  {
    name: 'muster_module_dropped_output_bytes',
    type: 'counter',
    help: 'Output of a command that was to be kept and is not.',
    of: ({ outputBytes, outputDropped }) => (outputBytes === undefined ? null : (outputDropped ?? 0)),
  },
  {
    name: 'muster_module_cpu_seconds',
    type: 'counter',
    help: 'Processor time of the process that is its own, else of its thread.',
    of: ({ cpuSeconds }, { process }) => process?.cpuSeconds ?? cpuSeconds,
  },
  {
    name: 'muster_module_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process that is its own.',
    of: (_, { process }) => process?.memoryBytes,
  },
  {
    name: 'muster_module_cgroup_memory_bytes',
    type: 'gauge',
    help: 'Memory of its cgroup (memory.current).',
    of: (_, { cgroup }) => cgroup?.memoryBytes,
  },
  {
    name: 'muster_module_cgroup_cpu_seconds',
    type: 'counter',
    help: 'Processor time of its cgroup (cpu.stat).',
    of: (_, { cgroup }) => cgroup?.cpuSeconds,
  },
  {
    name: 'muster_module_cgroup_throttled_seconds',
    type: 'counter',
    help: 'Time for which its cgroup was held back by cpuMax (cpu.stat).',
    of: (_, { cgroup }) => cgroup?.throttledSeconds,
  },
  {
    name: 'muster_module_cgroup_processes',
    type: 'gauge',
    help: 'Processes and threads in its cgroup (pids.current).',
    of: (_, { cgroup }) => cgroup?.processes,
  },
];

/** Every series of a module carries its name and its host. */
export function moduleFamilies({ figures: { modules }, processes }: Pick<Everything, 'figures' | 'processes'>): Family[] {
  return rows.map(({ name, type, help, of }) => {
    const samples = modules.flatMap((module) => {
      const labels = { module: module.name, host: module.host ?? '' };
      const found = of(module, { process: processes.own.get(module.name), cgroup: processes.cgroups.get(module.name) });
      const values = typeof found === 'object' && found !== null ? found : [[{}, found] as const];
      return values.flatMap(([more, value]) => (value == null ? [] : [{ labels: { ...labels, ...more }, value }]));
    });
    return { name, type, help, samples };
  });
}

/** As `list` shows it. */
export function letterOf({ state, failed }: Pick<ModuleMetrics, 'state' | 'failed'>): State | 'X' {
  return failed && state === 'E' ? 'X' : state;
}

/** `12.5`, and also `12.5%` and `3.2MB`. */
function numberIn(value: unknown): number | null {
  const number = typeof value === 'string' ? Number.parseFloat(value) : Number(value ?? Number.NaN);
  return Number.isFinite(number) ? number : null;
}

function directed(direction: 'tx' | 'rx', counts: ModuleMetrics['tx']): (readonly [Labels, number])[] {
  return Object.entries(counts ?? {}).map(([type, count]) => [{ direction, type }, count as number]);
}

export function seconds(iso: string): number {
  return Date.parse(iso) / 1000;
}
