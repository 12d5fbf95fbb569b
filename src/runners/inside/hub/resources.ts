import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatSize } from '../../../model/units.ts';
import type { Resource } from './budget.ts';

const kibi = 1024;
/** Measured with an empty realm on Node 20, with some room for its module: 43 mappings, 4 descriptors, 8 MiB. */
const perThread = { maps: 48, files: 5, threads: 1, memory: 10 * kibi ** 2 };

/** What this process, and the machine it runs on, have of what threads take. Empty where there is no /proc. */
export function readResources(): readonly Resource[] {
  return [maps(), openFiles(), processes(), ...kernelThreads(), ...cgroups(), memory()].filter((resource) => resource !== null);
}

function maps(): Resource | null {
  const limit = numberIn('/proc/sys/vm/max_map_count');
  const used = countLines('/proc/self/maps');
  if (limit === null || used === null) return null;
  return { name: 'vm.max_map_count', limit, used, perThread: perThread.maps, remedy: 'raise it: sysctl -w vm.max_map_count=262144' };
}

function openFiles(): Resource | null {
  const limit = rlimit('Max open files');
  const used = countEntries('/proc/self/fd');
  if (limit === null || used === null) return null;
  return {
    name: 'the limit of open files',
    limit,
    used,
    perThread: perThread.files,
    remedy: 'raise it: ulimit -n, or LimitNOFILE= of the unit',
  };
}

/** It holds for all threads of the user together, of which only the own ones are counted here; root is free of it. */
function processes(): Resource | null {
  const limit = process.getuid?.() === 0 ? null : rlimit('Max processes');
  const used = countEntries('/proc/self/task');
  if (limit === null || used === null) return null;
  return {
    name: 'the limit of processes',
    limit,
    used,
    perThread: perThread.threads,
    remedy: 'raise it: ulimit -u, or LimitNPROC= of the unit',
  };
}

function kernelThreads(): Resource[] {
  const used = Number(/\/(\d+) /.exec(textOf('/proc/loadavg') ?? '')?.[1]);
  if (!Number.isFinite(used)) return [];
  return ['threads-max', 'pid_max'].flatMap((name) => {
    const limit = numberIn(`/proc/sys/kernel/${name}`);
    if (limit === null) return [];
    return [{ name: `kernel.${name}`, limit, used, perThread: perThread.threads, remedy: `raise it: sysctl -w kernel.${name}=…` }];
  });
}

function memory(): Resource | null {
  const text = textOf('/proc/meminfo') ?? '';
  const [total, available] = ['MemTotal', 'MemAvailable'].map(
    (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) * kibi,
  );
  if (!total || !available) return null;
  const remedy = 'use a machine with more memory';
  return { name: 'memory', limit: total, used: total - available, perThread: perThread.memory, remedy, show: formatMemory };
}

/** Those that this process is in, up to the root: each may have limits. */
function cgroups(): Resource[] {
  const path = /^0::(\/.*)$/m.exec(textOf('/proc/self/cgroup') ?? '')?.[1];
  if (path === undefined) return [];
  const all: Resource[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    all.push(...limitsOf(join('/sys/fs/cgroup', folder)));
    if (folder === '/') return all;
  }
}

function limitsOf(folder: string): Resource[] {
  const found: Resource[] = [];
  const [pids, pidsUsed] = [numberIn(`${folder}/pids.max`), numberIn(`${folder}/pids.current`)];
  if (pids !== null && pidsUsed !== null) {
    found.push({
      name: `pids.max of ${folder}`,
      limit: pids,
      used: pidsUsed,
      perThread: perThread.threads,
      remedy: 'raise it (TasksMax= of the unit)',
    });
  }
  const [bytes, bytesUsed] = [numberIn(`${folder}/memory.max`), numberIn(`${folder}/memory.current`)];
  if (bytes !== null && bytesUsed !== null) {
    const used = bytesUsed - reclaimable(folder);
    found.push({
      name: `memory.max of ${folder}`,
      limit: bytes,
      used,
      perThread: perThread.memory,
      remedy: 'raise it',
      show: formatMemory,
    });
  }
  return found;
}

/** What holds copies of files goes when memory is needed. */
function reclaimable(folder: string): number {
  return Number(/^inactive_file (\d+)$/m.exec(textOf(`${folder}/memory.stat`) ?? '')?.[1] ?? 0);
}

function formatMemory(bytes: number): string {
  return formatSize(Math.round(bytes / kibi ** 2) * kibi ** 2);
}

function rlimit(name: string): number | null {
  const line = new RegExp(`^${name} +(\\d+)`, 'm').exec(textOf('/proc/self/limits') ?? '');
  return line === null ? null : Number(line[1]);
}

/** Null for what is not there, and for `max`. */
function numberIn(file: string): number | null {
  const text = textOf(file)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function countLines(file: string): number | null {
  return textOf(file)?.split('\n').length ?? null;
}

function countEntries(folder: string): number | null {
  try {
    return readdirSync(folder).length;
  } catch {
    return null;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
