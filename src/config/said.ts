import type { FieldOrigin, SaidField } from '../model/explain.ts';
import { type Dict, type Node, nodeAt, spanOf } from './node.ts';
import { typedSecret } from './raw.ts';

/** What an entry was made of. */
export interface Observed {
  readonly name: string;
  /** The entry over all that it inherits. */
  readonly whole: Dict;
  readonly own: Dict;
  readonly defaults: Dict | undefined;
}

/** Each value of an entry that stands somewhere, with its place and whose it is. Lists are values. */
export function saidFields({ whole, own, defaults }: Observed): SaidField[] {
  const originOf = (node: Node, path: readonly string[]): FieldOrigin => {
    if (nodeAt(own, path) === node) return 'entry';
    return defaults !== undefined && nodeAt(defaults, path) === node ? 'defaults' : 'host';
  };
  const walk = (node: Node, path: readonly string[]): SaidField[] => {
    if (node.kind === 'dict' && node.fields.size > 0 && typedSecret(node) === null) {
      return [...node.fields].flatMap(([key, { value }]) => walk(value, [...path, key]));
    }
    const { file, line, column } = spanOf(node);
    return [{ path, from: originOf(node, path), at: { file, line, column } }];
  };
  return whole.fields.size === 0 ? [] : walk(whole, []);
}
