/** Strings, and what else parts one value from the next. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/**
 * A key that some object of a JSON text has more than once, or null. Who reads such a text may take the first for what counts, and
 * `JSON.parse` takes the last.
 */
export function duplicateKey(json: string): string | null {
  /** Keys of the objects around, the innermost last; null: a list. */
  const around: (Set<string> | null)[] = [];
  let before = '';
  for (const [text] of json.matchAll(token)) {
    const keys = around.at(-1) ?? null;
    if (text === '{') around.push(new Set());
    else if (text === '[') around.push(null);
    else if (text === '}' || text === ']') around.pop();
    else if (keys !== null && text.startsWith('"') && before !== ':') {
      const key = JSON.parse(text) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
    before = text;
  }
  return null;
}
