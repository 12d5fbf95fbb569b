import type * as z from 'zod/mini';
import { codeFields } from './code.ts';
import { commandFields, packageFields } from './command.ts';
import type { Field, Fields } from './kit.ts';

/** The field table: for each kind of module its fields (DESIGN §2.4). The first key of each is the one that tells the kind. */
export const fieldTable = { code: codeFields, command: commandFields, package: packageFields } satisfies Record<string, Fields>;

export type Kind = keyof typeof fieldTable;
export const kinds = Object.keys(fieldTable) as Kind[];

/** The key by which an entry says of what kind it is. */
export const kindKey = { code: 'module', command: 'command', package: 'package' } satisfies Record<Kind, string>;

/** The canonical spec of a module of kind K: defaults filled in, durations in ms, sizes in bytes, paths absolute. */
export type SpecOf<K extends Kind> = {
  [F in keyof (typeof fieldTable)[K]]: (typeof fieldTable)[K][F] extends Field<infer S> ? z.output<S> : never;
};
export type CodeSpec = SpecOf<'code'>;
export type CommandSpec = SpecOf<'command'>;
export type PackageSpec = SpecOf<'package'>;
export type Spec = CodeSpec | CommandSpec | PackageSpec;

export function fieldOf(kind: Kind, name: string): Field | undefined {
  return (fieldTable[kind] as Fields)[name];
}

/** The fields that an entry can say. */
export function writableFields(kind: Kind): Fields {
  return Object.fromEntries(Object.entries(fieldTable[kind] as Fields).filter(([, { derived }]) => derived !== true));
}

export function isWritable(kind: Kind, name: string): boolean {
  const row = fieldOf(kind, name);
  return row !== undefined && row.derived !== true;
}
