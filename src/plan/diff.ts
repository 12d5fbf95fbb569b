import equal from 'fast-deep-equal';
import type { Field } from '../model/fields/kit.ts';
import { fieldOf, kindKey } from '../model/fields/table.ts';
import type { Desired, Loaded } from '../model/module.ts';
import type { FieldChange } from '../model/plan.ts';
import { walk } from './walk.ts';

/** The path under which a change of code, or of the content of `files`, is shown. */
export const codeField = 'code';
/** The same of a program that reads its files again when it gets its `reloadSignal`. */
export const filesField = 'files';

/** What differs between a loaded module and its desired form, field by field, and which of it can be done live. */
export function fieldChanges(desired: Desired, loaded: Loaded): FieldChange[] {
  const fields: FieldChange[] = [];
  const sameKind = desired.kind === loaded.kind;
  if (!sameKind) fields.push({ path: 'kind', before: loaded.kind, after: desired.kind, live: false });

  const before = loaded.spec as Record<string, unknown>;
  const after = desired.spec as Record<string, unknown>;
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const row = fieldOf(desired.kind, name);
    // Between kinds only what both know can be compared; all else follows from the kind.
    if (row?.change === 'ignored' || (!sameKind && (row === undefined || fieldOf(loaded.kind, name) === undefined))) continue;
    if (equal(before[name], after[name])) continue;
    walk(name, before[name], after[name], isLive(row, before[name], after[name], loaded), row?.show, fields);
  }

  const key = kindKey[desired.kind];
  // A package lies elsewhere with each version: that says nothing which its version and its code do not.
  const moved = desired.path !== loaded.path && sameKind && desired.kind !== 'package';
  if (moved && !fields.some((field) => field.path.startsWith(key))) {
    fields.push({ path: 'path', before: loaded.path, after: desired.path, live: false });
  }
  if (sameKind && desired.version !== loaded.version) {
    fields.push({ path: 'version', before: loaded.version ?? null, after: desired.version ?? null, live: false });
  }
  // A package that is not installed yet has no code that could be another.
  if (desired.codeDigest !== loaded.codeDigest && (desired.kind !== 'package' || desired.version !== undefined)) {
    const live = canReread(desired, loaded);
    const path = live ? filesField : codeField;
    fields.push({ path, before: short(loaded.codeDigest), after: short(desired.codeDigest), live });
  }
  return fields;
}

/** Whether a signal tells it that its files have changed: they are all the code that a command has. */
export function canReread({ kind, spec }: Desired, loaded: Loaded): boolean {
  return kind === 'command' && loaded.kind === kind && 'reloadSignal' in spec && spec.reloadSignal !== undefined;
}

function isLive(row: Field | undefined, before: unknown, after: unknown, loaded: Loaded): boolean {
  if (row?.change === 'reconfigure') return loaded.reconfigurable && loaded.state === 'R';
  return row?.change === 'live' && equal(row.fixed?.(before as never), row.fixed?.(after as never));
}

function short(digest: string | null): string | null {
  return digest === null ? null : digest.slice(0, 12);
}
