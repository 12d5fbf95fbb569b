import { Document, isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { MusterError } from '../model/error.ts';
import { inBraces } from './in-braces.ts';

type Said = Readonly<Record<string, unknown>> & { readonly package: string };

export interface SavedEntryOptions {
  /** For messages. */
  readonly file: string;
  readonly name: string;
  /** What the entry is to say; of one that is there only `package` changes. */
  readonly entry: Said;
}

/** How a config is written: its line ends, and whether it is JSON rather than YAML. */
interface Style {
  readonly eol: string;
  readonly json: boolean;
}

/** The text of a config with a package in it: nothing else of it changes, neither a comment nor an order nor a quote. */
export function withPackage(text: string, { file, name, entry: given }: SavedEntryOptions): string {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new MusterError('EINVALIDCONFIG', `${file} has an error, and is not written to: ${error.message}`);
  const entry = escaped(given) as Said;
  const style = { eol: text.includes('\r\n') ? '\r\n' : '\n', json: isJson(text) };
  const saved = spliced(text, document, name, entry, style);
  const now = saved === null ? null : parseDocument(saved);
  if (saved !== null && now?.errors.length === 0 && now.getIn(['modules', name, 'package']) === entry.package) return saved;
  throw new MusterError('EINVAL', `${name} cannot be written into ${file} without changing more than that`, {
    hint: `write there yourself, under modules: ${flow({ [name]: entry }, style)}`,
  });
}

/** The text with one value replaced, or one entry more; null where it is not laid out for that. */
function spliced(text: string, document: Document.Parsed, name: string, entry: Said, style: Style): string | null {
  const { contents } = document;
  const modules = document.get('modules');
  if (modules === undefined || modules === null) {
    if (document.has('modules')) return null;
    if (isMap(contents) && contents.flow === true) return inBraces(text, contents, flow({ modules: { [name]: entry } }, style), style.eol);
    if (contents !== null && !isMap(contents)) return null;
    const before = text === '' || text.endsWith('\n') ? text : `${text}${style.eol}`;
    return `${before}modules:${style.eol}  ${flow({ [name]: entry }, style)}${style.eol}`;
  }
  if (!isMap(modules)) return null;
  const present = modules.items.find(({ key }) => isScalar(key) && key.value === name);
  if (present !== undefined) return replaced(text, present, name, entry, style);
  const line = flow({ [name]: entry }, style);
  return modules.flow === true ? inBraces(text, modules, line, style.eol) : appended(text, modules, line, style.eol);
}

function replaced(text: string, { value }: Pair, name: string, entry: Said, style: Style): string {
  const said = isMap(value) ? value.items.find(({ key }) => isScalar(key) && key.value === 'package')?.value : undefined;
  if (!isScalar(said) || !said.range) {
    throw new MusterError('EEXIST', `${name} is declared already, and not as a package`, { hint: 'choose another name with --name' });
  }
  const [start, end] = said.range;
  const isFlow = isMap(value) && value.flow === true;
  const now = isFlow
    ? flow({ x: entry.package }, style).replace(/^"?x"?: /, '')
    : new Document(entry.package).toString({ lineWidth: 0 }).trim();
  return `${text.slice(0, start)}${now}${text.slice(end)}`;
}

function appended(text: string, modules: YAMLMap, line: string, eol: string): string | null {
  const last = modules.items.at(-1);
  const end = rangeOf(last?.value)?.[1] ?? rangeOf(last?.key)?.[1];
  const start = rangeOf(modules.items[0]?.key)?.[0];
  if (end === undefined || start === undefined) return null;
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  if (!/^ +$/.test(indent)) return null;
  const newline = text[end - 1] === '\n' ? end - 1 : text.indexOf('\n', end);
  if (newline === -1) return `${text}${eol}${indent}${line}${eol}`;
  const at = text[newline - 1] === '\r' ? newline - 1 : newline;
  return `${text.slice(0, at)}${eol}${indent}${line}${text.slice(at)}`;
}

function rangeOf(node: unknown): readonly number[] | null | undefined {
  return isNode(node) ? node.range : undefined;
}

/** What the map says, on one line, without the braces around it. */
function flow(map: Readonly<Record<string, unknown>>, { json }: Style): string {
  if (json) return onOneLine(map).slice(1, -1);
  return Object.entries(map)
    .map(([key, value]) => {
      const document = new Document({ [key]: value });
      if (isMap(document.contents)) document.contents.flow = true;
      return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim().slice(1, -1);
    })
    .join(', ');
}

/** JSON with a space after each comma and colon. In a string of JSON there is no line break. */
function onOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/([{[])?\n *([}\]])?/g, (_, opens = '', closes = '') => opens || closes || ' ');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A dollar in a config may begin a variable. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)]));
}
