import { createHash } from 'node:crypto';
import { domainOf } from './domain.ts';
import type { Evaluated } from './entry.ts';
import type { Located } from './node.ts';
import type { HostChunk, Split } from './split.ts';

/** What is said of one chunk, wherever it stands. */
interface Learned {
  /** Null for what is ignored. */
  readonly evaluated: Evaluated | null;
  /** Where it stood. */
  readonly line: number;
}

/** By what is around a chunk and means something for it, and by its text. */
export type Lessons = ReadonlyMap<string, ReadonlyMap<string, Learned>>;

/** A chunk as it is looked up. */
export interface Seen {
  readonly around: string;
  readonly text: string;
  readonly line: number;
}

/** Of an entry of `modules:` nothing around it means anything. */
export function seenModule({ text, line }: Pick<Seen, 'text' | 'line'>): Seen {
  return { around: '', text, line };
}

/** Of a host its fields: also where they stand, as components may stand between them. */
export function seenHost({ fields, line }: HostChunk, digest: string): Seen {
  return { around: `at ${fields?.map((field) => field.line - line).join(' ')}`, text: digest, line };
}

/** Of a component all that its host says. */
export function seenComponent({ text, line }: Pick<Seen, 'text' | 'line'>, digest: string): Seen {
  return { around: digest, text, line };
}

export function digestOfHost({ name, text: whole, fields }: HostChunk): string {
  const hash = createHash('sha256').update(name);
  for (const { text } of fields ?? [{ text: whole }]) hash.update(`\0${text}`);
  return hash.digest('hex');
}

/** What was said of the same chunk before; undefined: nothing. */
export function recall(lessons: Lessons | undefined, { around, text, line }: Seen): Evaluated | null | undefined {
  const known = lessons?.get(around)?.get(text);
  return known === undefined ? undefined : moved(known, line);
}

/** Each entry by the text of its lines; nothing where lines do not tell. */
export function learn(parts: Split | null, byName: ReadonlyMap<string, Evaluated>): Lessons {
  const lessons = new Map<string, Map<string, Learned>>();
  const add = ({ around, text, line }: Seen, name: string): void => {
    const group = lessons.get(around) ?? new Map<string, Learned>();
    lessons.set(around, group.set(text, { evaluated: byName.get(name) ?? null, line }));
  };
  for (const chunk of parts?.modules ?? []) add(seenModule(chunk), chunk.name);
  for (const host of parts?.hosts ?? []) {
    const digest = digestOfHost(host);
    add(seenHost(host, digest), domainOf(host.name).name);
    for (const component of host.components) add(seenComponent(component, digest), domainOf(component.name).name);
  }
  return lessons;
}

/** The same some lines further down or up. */
function moved({ evaluated, line }: Learned, now: number): Evaluated | null {
  if (evaluated === null || line === now) return evaluated;
  const move = (at: Located): Located => ({ ...at, source: { ...at.source, base: at.source.base + now - line } });
  const references = (list: Evaluated['requires']): Evaluated['requires'] =>
    list.length === 0 ? list : list.map(({ name, at }) => ({ name, at: move(at) }));
  return { ...evaluated, key: move(evaluated.key), requires: references(evaluated.requires), after: references(evaluated.after) };
}
