/** A key of a map with its value: whole lines of a file. */
export interface Chunk {
  readonly name: string;
  readonly text: string;
  /** Line of the key, from 1. */
  readonly line: number;
}

/** A host, cut once more. */
export interface HostChunk extends Chunk {
  /** All but `components`; null: it stands in one piece, and has none. */
  readonly fields: readonly Chunk[] | null;
  readonly components: readonly Chunk[];
}

export interface Split {
  /** Top-level keys that are not cut further. */
  readonly sections: readonly Chunk[];
  /** Those that are: where they stand. */
  readonly cut: readonly Chunk[];
  readonly modules: readonly Chunk[];
  readonly hosts: readonly HostChunk[];
}

const space = 32;
const hash = 35;
const newline = 10;
const carriageReturn = 13;
const key = /([A-Za-z0-9_][A-Za-z0-9_.-]*):(?=[ \r\n]|$)/y;
/** The key with an empty map, and nothing else. */
const empty = /^\w+:[ ]+\{[ ]*\}\s*$/;
/** Text in which the word could be hidden may have it. */
const mayHaveComponents = /components|\\/;
const nothingBehind = /[ ]*(?:[ ]#[^\n]*)?\r?(?:\n|$)/y;

/**
 * Cuts a file at its top-level keys, `modules:` at its entries, and `hosts:` at its hosts and their components, by
 * indentation alone; null where that is not known to be safe. Where each part, read by itself, is whole and without
 * error, the file means the same as its parts: what a value spans lies deeper than its key, and what does not (quotes
 * and brackets that go on to the left) leaves a part that is not whole. Anchors reach over parts; who reads the parts
 * has to look for them.
 */
export function split(text: string): Split | null {
  const keys = pairs(text, 1, 0);
  if (keys === null) return null;
  const sections: Chunk[] = [];
  const cut: Chunk[] = [];
  let modules: readonly Chunk[] = [];
  let hosts: readonly HostChunk[] = [];
  for (const chunk of keys) {
    if (chunk.name !== 'modules' && chunk.name !== 'hosts') {
      sections.push(chunk);
      continue;
    }
    const entries = inside(chunk, 0);
    if (entries === null || (entries === 'behind' && !empty.test(chunk.text))) return null;
    if (entries === 'behind') {
      sections.push(chunk);
      continue;
    }
    cut.push(chunk);
    if (chunk.name === 'modules') modules = entries.chunks;
    else {
      const all = entries.chunks.map((host) => cutHost(host, entries.indent));
      if (!all.every((host) => host !== null)) return null;
      hosts = all;
    }
  }
  return cut.length === 0 ? null : { sections, cut, modules, hosts };
}

function cutHost(host: Chunk, above: number): HostChunk | null {
  const found = inside(host, above);
  if (found === 'behind') return mayHaveComponents.test(host.text) ? null : { ...host, fields: null, components: [] };
  if (found === null) return null;
  const components = found.chunks.find(({ name }) => name === 'components');
  const fields = found.chunks.filter((chunk) => chunk !== components);
  if (components === undefined) return { ...host, fields, components: [] };
  const entries = inside(components, found.indent);
  return entries === null || entries === 'behind' ? null : { ...host, fields, components: entries.chunks };
}

/** The pairs of a map that begins in the line after its key; `behind`: what it is begins in the line of the key. */
function inside({ text, line }: Chunk, above: number): { chunks: Chunk[]; indent: number } | 'behind' | null {
  key.lastIndex = above;
  if (key.exec(text) === null) return null;
  nothingBehind.lastIndex = key.lastIndex;
  if (!nothingBehind.test(text)) return 'behind';
  const rest = text.slice(nothingBehind.lastIndex);
  const indent = indentOf(rest);
  if (indent === null || indent <= above) return null;
  const chunks = pairs(rest, line + 1, indent);
  return chunks === null ? null : { chunks, indent };
}

/** Of the first line that says something. */
function indentOf(text: string): number | null {
  for (let start = 0; start < text.length; ) {
    const at = afterSpaces(text, start);
    if (!saysNothing(text, at)) return at - start;
    start = nextLine(text, at);
  }
  return null;
}

/** The lines of a map, each pair with what is deeper than its key. What stands before the first key says nothing. */
function pairs(text: string, firstLine: number, indent: number): Chunk[] | null {
  const chunks: Chunk[] = [];
  const names = new Set<string>();
  let open: { name: string; start: number; line: number } | null = null;
  const close = (end: number): void => {
    if (open !== null) chunks.push({ name: open.name, text: text.slice(open.start, end), line: open.line });
  };
  let line = firstLine;
  for (let start = 0; start < text.length; line++) {
    const at = afterSpaces(text, start);
    const width = at - start;
    if (!saysNothing(text, at) && width <= indent) {
      if (width < indent) return null;
      key.lastIndex = at;
      const name = key.exec(text)?.[1];
      if (name === undefined || names.has(name)) return null;
      names.add(name);
      close(start);
      open = { name, start, line };
    } else if (!saysNothing(text, at) && open === null) {
      return null;
    }
    start = nextLine(text, at);
  }
  close(text.length);
  return chunks.length === 0 ? null : chunks;
}

function afterSpaces(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === space) at++;
  return at;
}

function saysNothing(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const first = text.charCodeAt(at);
  return first === newline || first === carriageReturn || first === hash;
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}
