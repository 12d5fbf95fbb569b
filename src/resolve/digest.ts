import { canonicalJson } from '../model/canonical.ts';
import { fieldOf, type Kind, type Spec } from '../model/fields/table.ts';
import { sha256 } from './files.ts';

/** Of everything in a spec but the fields that say when or whether to act. */
export function digestSpec(kind: Kind, spec: Spec): string {
  const counted = Object.entries(spec).filter(([name]) => fieldOf(kind, name)?.change !== 'ignored');
  return sha256(canonicalJson(Object.fromEntries(counted)));
}

/** Of the code and of `files`; null if there is neither. The order of `files` means nothing. */
export function digestCode(code: string | null, files: readonly string[]): string | null {
  if (code === null && files.length === 0) return null;
  return sha256(['muster code 1', code ?? '', ...[...files].sort()].join('\n'));
}
