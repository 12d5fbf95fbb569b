/** One entry of `modules:`: whole lines of a file. */
export interface Chunk {
  readonly name: string;
  readonly text: string;
  /** Line of the key, from 1. */
  readonly line: number;
}

/** A top-level key other than `modules`, with its lines. */
export interface Section {
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

export interface Split {
  readonly sections: readonly Section[];
  readonly modules: Section;
  readonly chunks: readonly Chunk[];
}

const space = 32;
const hash = 35;
const newline = 10;
const carriageReturn = 13;
const key = /([A-Za-z0-9_][A-Za-z0-9_.-]*):(?=[ \r\n]|$)/y;
const nothingBehind = /[ ]*(?:[ ]#[^\n]*)?\r?(?:\n|$)/y;

/**
 * Cuts a file at its top-level keys, and `modules:` at its entries, by indentation alone; null where that is not known
 * to be safe. Where each part, read by itself, is whole and without error, the file means the same as its parts: what
 * a value spans lies deeper than its key, and what does not (quotes and brackets that go on to the left) leaves a part
 * that is not whole. Anchors reach over parts; who reads the parts has to look for them.
 */
export function split(text: string): Split | null {
  const sections: Section[] = [];
  const names = new Set<string>();
  let modules: Section | null = null;
  const chunks: Chunk[] = [];
  let indent = 0;
  let open: { name: string; start: number; line: number; entry: boolean } | null = null;
  let inModules = false;

  const close = (end: number): void => {
    if (open === null) return;
    const part = { name: open.name, text: text.slice(open.start, end), line: open.line };
    if (open.entry) chunks.push(part);
    else if (open.name === 'modules') modules = part;
    else sections.push(part);
  };
  const begin = (at: number, start: number, line: number, entry: boolean): boolean => {
    key.lastIndex = at;
    const name = key.exec(text)?.[1];
    if (name === undefined) return false;
    const id = entry ? `modules.${name}` : name;
    if (names.has(id)) return false;
    names.add(id);
    close(start);
    open = { name, start, line, entry };
    return true;
  };

  let line = 1;
  for (let start = 0; start < text.length; line++) {
    let at = start;
    while (text.charCodeAt(at) === space) at++;
    const first = text.charCodeAt(at);
    const width = at - start;
    if (!(at >= text.length || first === newline || first === carriageReturn || first === hash)) {
      if (width === 0) {
        if (!begin(at, start, line, false)) return null;
        nothingBehind.lastIndex = key.lastIndex;
        inModules = text.startsWith('modules:', start);
        if (inModules && !nothingBehind.test(text)) return null;
        indent = 0;
      } else if (open === null) {
        return null;
      } else if (inModules) {
        if (indent === 0) indent = width;
        if (width < indent) return null;
        if (width === indent && !begin(at, start, line, true)) return null;
      }
    }
    const end = text.indexOf('\n', at);
    start = end === -1 ? text.length : end + 1;
  }
  close(text.length);
  if (modules === null || chunks.length === 0) return null;
  return { sections, modules, chunks };
}
