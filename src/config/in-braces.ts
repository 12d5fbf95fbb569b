import { isNode, type YAMLMap } from 'yaml';

/** The text with one entry more at the end of a map in braces, laid out as the others; null where it cannot be told where they end. */
export function inBraces(text: string, { items, range }: YAMLMap, entry: string, eol: string): string | null {
  if (!range) return null;
  const [start, closing] = [range[0], range[1] - 1];
  if (text[start] !== '{' || text[closing] !== '}') return null;
  const last = items.at(-1);
  const first = beginOf(items[0]?.key);
  const end = endOf(last?.value) ?? endOf(last?.key);
  if (last === undefined) return `${text.slice(0, start + 1)}${entry}${text.slice(start + 1)}`;
  if (first === undefined || end === undefined) return null;
  const comma = commaIn(text, end, closing);
  const indent = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, first))?.[1];
  const begun = comma === null ? `${text.slice(0, end)},` : text.slice(0, comma + 1);
  const rest = text.slice(comma === null ? end : comma + 1);
  const ended = comma === null ? entry : `${entry},`;
  if (indent === undefined) return `${begun} ${ended}${rest}`;
  // A comment that stands behind the last one stays there.
  const line = /^[^\n]*?(?=\r?\n)/.exec(rest)?.[0] ?? '';
  const beside = line.trim().startsWith('#') || line.trim() === '' ? line : '';
  return `${begun}${beside}${eol}${indent}${ended}${rest.slice(beside.length)}`;
}

/** Where the comma behind the last entry stands; null: there is none. */
function commaIn(text: string, from: number, to: number): number | null {
  const between = text.slice(from, to).replace(/#[^\n]*/g, (comment) => ' '.repeat(comment.length));
  const at = between.indexOf(',');
  return at === -1 ? null : from + at;
}

function beginOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function endOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[1] : undefined;
}
