import type { Statistic } from '../../model/documents.ts';
import { read } from './files.ts';

const files = [
  'memory.current',
  'memory.peak',
  'memory.swap.current',
  'memory.events',
  'memory.pressure',
  'cpu.stat',
  'cpu.pressure',
  'io.pressure',
  'pids.current',
  'pids.peak',
  'pids.events',
  'cgroup.stat',
];

/** What the kernel counts of a cgroup, by interface file; what this one does not have is left out. */
export function statisticsOf(folder: string): Record<string, Statistic> {
  const found = files.flatMap((file) => {
    const text = textOf(folder, file);
    return text === null ? [] : [[file, parseStatistic(text)] as const];
  });
  return Object.fromEntries(found);
}

/** A file that is switched off (PSI by `psi=0`) is there and cannot be read. */
function textOf(folder: string, file: string): string | null {
  try {
    return read(folder, file);
  } catch {
    return null;
  }
}

/** One value, `name value` in each line, or `name key=value key=value` in each line. Pure. */
export function parseStatistic(text: string): Statistic {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  if (lines.length === 1 && lines[0]?.length === 1) return numberOr(text.trim());
  return Object.fromEntries(
    lines.flatMap(([name = '', ...rest]) => {
      if (name === '') return [];
      const [value = ''] = rest;
      return [[name, value.includes('=') ? Object.fromEntries(rest.map(pairOf)) : numberOr(value)]];
    }),
  );
}

function pairOf(word: string): [string, Statistic] {
  const at = word.indexOf('=');
  return [word.slice(0, at), numberOr(word.slice(at + 1))];
}

function numberOr(text: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
