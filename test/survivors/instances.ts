import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the programs do. `child`: whether they have started another process, which never ends by itself. */
export const shapes = {
  plain: { text: 'plain', child: false },
  ignoresTerm: { text: 'ignores SIGTERM', child: false },
  forks: { text: 'forks', child: true },
  leaves: { text: 'leaves its session by a double fork', child: true },
  leavesWithoutEnv: { text: 'the same, with a scrubbed environment', child: true },
  forksOn: { text: 'a child forks and ends, again and again', child: true },
} as const;

export type Shape = keyof typeof shapes;
export const shapeNames = Object.keys(shapes) as Shape[];

export const commandOf = (shape: Shape, mark: string): string[] => ['perl', join(import.meta.dirname, 'fixtures/shape.pl'), mark, shape];

/** One start of a program, with what is left of it. */
export interface Instance {
  readonly shape: Shape;
  /** The pid that the program has or had. */
  readonly program: number;
  /** The program itself lives. */
  leads: boolean;
  /** Something that it started lives. */
  child: boolean;
  readonly pids: number[];
}

/** All that lives of programs with this mark. It is known by its arguments: its session, group, parent and environment may be any. */
export function instances(mark: string): Instance[] {
  const found = new Map<number, Instance>();
  for (const [pid, [, , itsMark, shape, ofProgram]] of processes(mark)) {
    if (itsMark !== mark) continue;
    const program = ofProgram === undefined ? pid : Number(ofProgram);
    const instance = found.get(program) ?? { shape: shape as Shape, program, leads: false, child: false, pids: [] };
    found.set(program, instance);
    instance.pids.push(pid);
    if (ofProgram === undefined) instance.leads = true;
    else instance.child = true;
  }
  return [...found.values()];
}

/** It has started all that it will. */
export const isWhole = ({ shape, leads, child }: Instance): boolean => leads && child === shapes[shape].child;

/** On a busy machine something ends at any moment. */
const mostLooks = 40;

/**
 * Each process with its arguments. One that ends while it is looked at may just have handed on to another, so there is another look,
 * unless it was seen before to be without the mark.
 */
export function processes(mark = ''): [pid: number, args: string[]][] {
  const settled = new Set<string>();
  for (let look = 1; ; look += 1) {
    let isNews = false;
    const seen = readdirSync('/proc').flatMap((pid): [number, string[]][] => {
      if (!/^\d+$/.test(pid)) return [];
      const args = argumentsOf(pid);
      if (args.length === 0) isNews ||= !settled.has(pid);
      if (args.length === 0 || (mark !== '' && !args.includes(mark))) settled.add(pid);
      return [[Number(pid), args]];
    });
    if (!isNews || look === mostLooks) return seen;
  }
}

/** None of what has ended, waiting to be reaped or not, and of what is part of the kernel. */
function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
