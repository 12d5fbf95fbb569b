import type { Desired, Loaded, Reason } from '../model/module.ts';
import type { FieldChange } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import { canReread, codeField, fieldChanges, filesField } from './diff.ts';
import type { Verdict } from './draft.ts';

const newInstance: FieldChange = { path: 'instance', before: 'running', after: 'new', live: false };
const runAgain: FieldChange = { path: 'instance', before: 'finished', after: 'new', live: false };
const rereadFiles: FieldChange = { path: filesField, before: 'read', after: 'read again', live: true };

/** What makes the loaded module the desired one; null if it is that already. */
export function compare(desired: Desired, loaded: Loaded, request: Request, again: boolean): Verdict | null {
  const fields = isSame(desired, loaded) ? [] : fieldChanges(desired, loaded);
  const live = fields.every((field) => field.live);

  if (!loaded.started) return { action: 'load', reason: restarted, fields };
  if (again) {
    if (loaded.finished !== undefined) return { action: 'reload', reason: requested, fields: [...fields, runAgain] };
    // What is listed and ended has no instance to replace.
    if (loaded.state === 'E' && live) return { action: 'load', reason: requested, fields };
    if (request.inPlace && live && loaded.state === 'R' && canReread(desired, loaded)) {
      const told = fields.some(({ path }) => path === filesField);
      return { action: 'reconfigure', reason: requested, fields: told ? fields : [...fields, rereadFiles] };
    }
    return { action: 'reload', reason: requested, fields: [...fields, newInstance] };
  }
  if (loaded.failed && request.retryFailed && live) return { action: 'load', reason: failed, fields };

  // A command on single modules leaves them whose they are; only a run over the config makes its own what it declares.
  const adopting = loaded.origin !== 'config' && request.origin === 'config' && request.scope === null;
  if (fields.length === 0) return adopting ? { action: 'adopt', reason: adopted, fields } : null;
  return { action: live ? 'reconfigure' : 'reload', reason: adopting ? adopted : reasonFor(fields), fields };
}

/** Digests decide whether anything is to be done: comparing 10,000 modules must cost next to nothing. */
function isSame(desired: Desired, loaded: Loaded): boolean {
  return (
    desired.specDigest === loaded.specDigest &&
    desired.codeDigest === loaded.codeDigest &&
    desired.path === loaded.path &&
    desired.kind === loaded.kind
  );
}

export const restarted: Reason = { code: 'restarted', text: 'the daemon was restarted' };
export const requested: Reason = { code: 'requested', text: 'asked for' };
const failed: Reason = { code: 'failed', text: 'failed before; tried again' };
const adopted: Reason = { code: 'adopted', text: 'loaded by hand, now declared' };
const changed: Reason = { code: 'changed', text: 'changed' };
const codeChanged: Reason = { code: 'codeChanged', text: 'its code changed' };

function reasonFor(fields: readonly FieldChange[]): Reason {
  return fields.every((field) => field.path === codeField) ? codeChanged : changed;
}
