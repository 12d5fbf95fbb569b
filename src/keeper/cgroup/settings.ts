import { type CgroupSpec, type LimitKey, limitFiles } from '../../model/fields/cgroup.ts';
import { parseSize } from '../../model/units.ts';

/** One interface file and what is to be in it. */
export interface Setting {
  /** As in the config. */
  readonly key: string;
  readonly file: string;
  readonly value: string;
}

export const limitKeys = Object.keys(limitFiles) as LimitKey[];

/** The kernel's own period of cpu.max, µs. */
const periodUs = 100_000;

/** What a config asks for. `memoryTotal` is what percentages are of, in bytes. */
export function settingsOf(spec: CgroupSpec | undefined, memoryTotal: number): Setting[] {
  if (spec === undefined) return [];
  const typed = limitKeys.flatMap((name): Setting[] => {
    const given = spec[name];
    if (given === undefined) return [];
    return [
      { key: `cgroup.${name}`, file: limitFiles[name], value: name === 'cpuMax' ? cpuText(String(given)) : valueText(given, memoryTotal) },
    ];
  });
  const raw = Object.entries(spec.raw).map(([file, value]) => ({ key: `cgroup.raw.${file}`, file, value: value.trim() }));
  return [...typed, ...raw];
}

function valueText(value: string | number | boolean, memoryTotal: number): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string' && value.endsWith('%')) return String(Math.floor((memoryTotal * Number.parseFloat(value)) / 100));
  return String(value);
}

function cpuText(text: string): string {
  if (text === 'max') return `max ${periodUs}`;
  return text.endsWith('%') ? `${Math.round((Number.parseFloat(text) * periodUs) / 100)} ${periodUs}` : text;
}

/** What the kernel has in a file before anybody writes to it; null where that cannot be told. `before`: what was asked for until now. */
export function defaultOf(file: string, before: string): string | null {
  if (file === 'cpu.max') return `max ${periodUs}`;
  if (file === 'io.weight' || file === 'io.bfq.weight') return 'default 100';
  if (file === 'cpu.weight') return '100';
  if (/^cpuset\.(?:cpus|mems|cpus\.exclusive)$/.test(file)) return '';
  if (/\.(?:min|low|group|idle|freeze|burst)$/.test(file)) return '0';
  if (!/\.(?:max|high|descendants|depth)$/.test(file)) return null;
  // `8:0 rbps=1048576` and `mlx5_0 hca_handle=2`: a line per device, each value by itself.
  const [device, ...values] = before.split(/\s+/);
  return values.some((value) => value.includes('=')) ? [device, ...values.map((value) => value.replace(/=.*/, '=max'))].join(' ') : 'max';
}

/** Memory is counted in pages, which are 64 KiB at the most. */
const largestPage = 64 * 1024;

/** Whether what a file says is what was written to it: the kernel rounds to pages and has its own way to write lists and sizes. */
export function took({ file, value }: Pick<Setting, 'file' | 'value'>, back: string): boolean {
  if (file.startsWith('cpuset.')) return numbersIn(value) === numbersIn(back);
  const wanted = wordsOf(value);
  const lines = back.split('\n').map(wordsOf);
  if (lines.some((words) => wanted.every((word) => words.includes(word)))) return true;
  const [bytes, found] = [Number(wanted[0]), Number(lines[0]?.[0])];
  return wanted.length === 1 && found <= bytes && bytes - found < granularity(file);
}

function granularity(file: string): number {
  if (file.startsWith('memory.')) return largestPage;
  return parseSize(/^hugetlb\.(\w+)\./.exec(file)?.[1] ?? '') ?? 0;
}

function wordsOf(line: string): string[] {
  return line
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/(?<=^|=)\d+[KMGT]$/i, (size) => String(parseSize(size.toUpperCase()) ?? size)));
}

/** `0-2,5` -> `0,1,2,5` */
function numbersIn(list: string): string {
  const ranges = list.split(',').filter((range) => range.trim() !== '');
  const numbers = ranges.flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  return [...new Set(numbers)].sort((a, b) => a - b).join();
}
