import type { Mask } from '../model/mask/mask.ts';
import type { Veil } from '../store/veiled-disk.ts';
import { createPlanSeal } from './plan-seal.ts';

/** A secret may also stand where none is declared, as in an argument: what is kept of that is sealed. */
export function veilOf(key: string, mask: Mask): Veil {
  const { seal, open } = createPlanSeal(key, 'journal');
  return { isSecret: (text) => mask(text) !== text, seal: (text) => seal(text, ''), open: (sealed) => open(sealed, '') };
}

/** Two lists as one; the same list for as long as the second is the same. */
export function together(first: readonly string[], second: () => readonly string[]): () => readonly string[] {
  if (first.length === 0) return second;
  let known: readonly string[] = [];
  let both: readonly string[] = [];
  return () => {
    const current = second();
    if (current !== known || both.length === 0) both = [...first, ...current];
    known = current;
    return both;
  };
}
